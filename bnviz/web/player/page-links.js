// @ts-check
// The links to all pages: the one of the current page says so to screen readers, which Streamlit's own leave out.

import {PAGE_LINKS} from "./streamlit.js";

/**
 * The last part of an address' path; the first page has none.
 * @param {string} address
 */
const lastPart = (address) => address.split(/[?#]/)[0].split("/").pop();

/** Says of the page that is open, and of no other, that it is the current one. */
export function markCurrentPage() {
  const current = lastPart(location.pathname);
  for (const link of document.querySelectorAll(PAGE_LINKS)) {
    const here = lastPart(link.getAttribute("href") ?? "") === current;
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}
