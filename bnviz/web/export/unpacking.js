// @ts-check
// What saved pages bring along is packed with gzip and written in base64; of a recording, the arrays are kept apart from the
// lines.

/** @param {string} text */
function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")));
}

/**
 * The address of a recording, put together again.
 * @param {string} lines packed
 * @param {string} arrays packed
 */
async function addressOfRecording(lines, arrays) {
  const [text, buffer] = await Promise.all([unpacked(lines).text(), unpacked(arrays).arrayBuffer()]);
  return addressOfText(recorded(text, new Uint8Array(buffer)), "application/x-ndjson");
}

/**
 * The recording as it was.
 * @param {string} lines whose arrays hold nothing but how many bytes they had
 * @param {Uint8Array} arrays these bytes in the same order
 */
function recorded(lines, arrays) {
  let at = 0;
  return lines.replace(/"bdata":(\d+)/g, (_, size) => `"bdata":"${base64(arrays.subarray(at, (at += Number(size))))}"`);
}

/** @param {Uint8Array} bytes */
const base64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

/**
 * @param {string} text
 * @param {string} type
 */
const addressOfText = (text, type) => URL.createObjectURL(new Blob([text], {type}));
