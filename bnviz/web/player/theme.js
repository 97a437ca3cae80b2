// @ts-check
// The page's colours and letters, as Plotly wants them; they change when somebody chooses dark or light.

/** @typedef {{key: string, text: string, background: string, grid: string, family: string, coarse: boolean}} Painted */

export class Theme {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    /** @type {Painted | null} */
    this.painted = null;
  }

  /**
   * The same object until something about it changes.
   * @returns {Painted}
   */
  now() {
    const style = getComputedStyle(this.root);
    const text = style.color;
    const background = style.getPropertyValue("--st-background-color") || "#fff";
    const key = text + background;
    if (this.painted?.key === key) return this.painted;
    const grid = resolved(`color-mix(in srgb, ${text} 14%, ${background})`);
    this.painted = {key, text, background, grid, family: style.fontFamily, coarse: matchMedia("(pointer: coarse)").matches};
    return this.painted;
  }
}

/**
 * A colour that Plotly understands, from any that CSS does.
 * @param {string} colour
 */
function resolved(colour) {
  const probe = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  if (!probe) return colour;
  probe.fillStyle = colour;
  probe.fillRect(0, 0, 1, 1);
  const [red, green, blue] = probe.getImageData(0, 0, 1, 1).data;
  return `rgb(${red},${green},${blue})`;
}
