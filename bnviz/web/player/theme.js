// @ts-check
// The page's colours and letters, as Plotly wants them; they change when the visitor chooses dark or light.

/**
 * @typedef {{key: string, text: string, background: string, grid: string, family: string, coarse: boolean,
 *     dark: boolean}} Painted */

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
    // Forced colours are the system's, not Streamlit's: the browser says them where a background is used.
    const isForced = matchMedia("(forced-colors: active)").matches;
    const chosen = isForced
      ? opaque(getComputedStyle(document.body).backgroundColor)
      : style.getPropertyValue("--st-background-color");
    const background = chosen || "#fff";
    const key = text + background;
    if (this.painted?.key === key) return this.painted;
    const grid = resolved(`color-mix(in srgb, ${text} 14%, ${background})`);
    const coarse = matchMedia("(pointer: coarse)").matches;
    this.painted = {key, text, background, grid, family: style.fontFamily, coarse, dark: isDark(background)};
    return this.painted;
  }
}

/**
 * A colour without its opacity: of what is forced, the opacity stays as it was.
 * @param {string} colour
 */
const opaque = (colour) => colour.replace(/^rgba\((.*), [\d.]+\)$/, "rgb($1)");

/**
 * Whether a background is rather dark than light.
 * @param {string} colour
 */
const isDark = (colour) => (resolved(colour).match(/\d+/g) ?? []).reduce((total, part) => total + Number(part), 0) < 384;

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
