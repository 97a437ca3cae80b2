// @ts-check
// Where recordings come from: a file of this machine, or an address.

import {addressOf} from "../player/dom.js";
import {Unreadable} from "./checks.js";

/** @import {Source} from "./reading.js" */
/**
 * @typedef {object} Address of a recording
 * @property {string} name
 * @property {string} address
 * @property {boolean} grows whether more may come
 * @property {Record<string, string>} [saved] addresses of what it can be saved as, by their endings
 */

const GZIP = [0x1f, 0x8b];
const GONE = 410; // the answer of bnviz/web/own/viewer.py where a file was rewritten
const VERSION = "bnviz-recording"; // a header that is another one where it was

/**
 * A file of this machine; it may be packed with gzip.
 * @param {File} file
 * @returns {Source}
 */
export const fileSource = (file) => ({
  name: file.name,
  linked: false,
  async open() {
    const start = new Uint8Array(await file.slice(0, 2).arrayBuffer());
    const isPacked = GZIP.every((byte, index) => start[index] === byte);
    return isPacked ? file.stream().pipeThrough(new DecompressionStream("gzip")) : file.stream();
  },
});

/**
 * A recording at an address; of one that grows, what is missing is asked for.
 * @param {Address} recording
 * @returns {Source}
 */
export function addressSource({name, address, grows, saved}) {
  let version = "";
  return {
    name,
    linked: !grows, // one that grows is on this machine
    resumes: grows,
    saved,
    async open(from, signal) {
      const url = new URL(addressOf(address));
      if (from) url.search = String(new URLSearchParams({from: String(from), version}));
      const response = await fetch(url, {signal}).catch(() => null);
      if (!response) throw new Unreadable("unreachable");
      if (response.status === GONE) throw new Unreadable("anew");
      if (!response.ok || !response.body) throw new Unreadable("unreachable");
      version = response.headers.get(VERSION) ?? "";
      return response.body;
    },
  };
}

/**
 * A whole recording at an address, packed with gzip.
 * @param {string} name
 * @param {string} address
 * @returns {Source}
 */
export const packedSource = (name, address) => ({
  name,
  async open(_, signal) {
    const response = await fetch(addressOf(address), {signal}).catch(() => null);
    if (!response?.ok || !response.body) throw new Unreadable("unreachable");
    return response.body.pipeThrough(new DecompressionStream("gzip"));
  },
});

/**
 * The same in a script: a page from a disk may load scripts, and nothing else.
 * @param {string} name
 * @param {string} address
 * @returns {Source}
 */
export const scriptSource = (name, address) => ({
  name,
  async open() {
    const packed = Uint8Array.from(atob(await scriptContents(address)), (character) => character.charCodeAt(0));
    return new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  },
});

/**
 * What a script of a static site hands over (bnviz/web/export/static_site.py: _data_script).
 * @param {string} address
 * @returns {Promise<string>}
 */
function scriptContents(address) {
  return new Promise((resolve, reject) => {
    const take = (/** @type {string} */ _, /** @type {{recording: string}} */ parts) => resolve(parts.recording);
    const script = Object.assign(document.createElement("script"), {src: addressOf(address)});
    script.onerror = () => reject(new Unreadable("unreachable"));
    script.onload = () => script.remove();
    Object.assign(globalThis, {bnvizSite: {take}});
    document.head.append(script);
  });
}
