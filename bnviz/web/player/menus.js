// @ts-check
// What folds out over the page: closed by Escape, which leads back to what opened it, or by a press anywhere else.

const OPEN = "details[open]:is(.bnviz-menu, .bnviz-flag)";

export class Menus {
  /** @param {HTMLElement} root of the player whose menus these are */
  constructor(root) {
    this.root = root;
    this.onPress = (/** @type {Event} */ event) => this.press(event);
    this.onKey = (/** @type {KeyboardEvent} */ event) => this.key(event);
    // Before anything on the page takes them: some parts let no press through.
    document.addEventListener("pointerdown", this.onPress, true);
    document.addEventListener("keydown", this.onKey, true);
  }

  close() {
    document.removeEventListener("pointerdown", this.onPress, true);
    document.removeEventListener("keydown", this.onKey, true);
  }

  get open() {
    return /** @type {HTMLDetailsElement[]} */ ([...this.root.querySelectorAll(OPEN)]);
  }

  /** @param {Event} event */
  press({target}) {
    for (const menu of this.open) if (!(target instanceof Node && menu.contains(target))) menu.open = false;
  }

  /**
   * Escape means the menu, not what else it closes on the page.
   * @param {KeyboardEvent} event
   */
  key(event) {
    const {open} = this;
    if (event.key !== "Escape" || !open.length) return;
    event.stopImmediatePropagation();
    event.preventDefault();
    for (const menu of open) menu.open = false;
    open[0].querySelector("summary")?.focus();
  }
}
