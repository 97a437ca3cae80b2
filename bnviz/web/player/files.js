// @ts-check
// Handing a file over to the visitor.

import {make} from "./dom.js";

/**
 * @param {string} name
 * @param {Blob} contents
 */
export function saveFile(name, contents) {
  const address = URL.createObjectURL(contents);
  make("a", {href: address, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(address)); // once the browser has taken hold of it
}
