// The page's colours and letters, as Plotly wants them; they change when somebody chooses dark or light.

export class Theme {
  constructor(root) { this.root = root; }

  // {key, text, background, grid, family, coarse}: the same object until something about it changes.
  now() {
    const style = getComputedStyle(this.root);
    const text = style.color, background = style.getPropertyValue("--st-background-color") || "#fff";
    if (this.painted?.key !== text + background) {
      const grid = resolve(`color-mix(in srgb, ${text} 14%, ${background})`);
      this.painted = {key: text + background, text, background, grid, family: style.fontFamily, coarse: matchMedia("(pointer: coarse)").matches};
    }
    return this.painted;
  }
}

// A colour that Plotly understands, from any that CSS does.
function resolve(colour) {
  const probe = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  probe.fillStyle = colour;
  probe.fillRect(0, 0, 1, 1);
  const [red, green, blue] = probe.getImageData(0, 0, 1, 1).data;
  return `rgb(${red},${green},${blue})`;
}
