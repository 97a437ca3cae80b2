// @ts-check
// A run's recording as it arrives: one line after another, over HTTP or handed in by the page.
// Reading resumes where it stopped, so a dropped connection costs time and nothing else.

/** @import {End, Header, Message, Snapshot} from "./types" */
/** @typedef {{dtype: keyof typeof KINDS, bdata: string, shape: string | number}} Packed */

const KINDS = {
  ...{f4: Float32Array, f8: Float64Array, u1: Uint8Array, u2: Uint16Array, u4: Uint32Array},
  ...{i1: Int8Array, i2: Int16Array, i4: Int32Array},
};
const AT_ONCE = 6; // lines
const RETRY_MS = [300, 1000, 2000, 4000, 8000];
const AWAY = [502, 503, 504];

/** Let the browser draw. A page that nobody sees is not drawn, and its timers are slow. */
const breath = () => new Promise((resolve) => (document.hidden ? resolve(null) : setTimeout(resolve)));

/** The stream could not be read; `blocked` if it seems that no route leads there. */
class Unread extends Error {
  /**
   * @param {string} message
   * @param {boolean} blocked
   */
  constructor(message, blocked) {
    super(message);
    this.blocked = blocked;
  }
}

/** @param {string} base64 */
function bytes(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/**
 * A typed array, cut into nested arrays along all axes but the last. The formats are little-endian, as browsers are.
 * @param {Packed} packed
 * @returns {any}
 */
export function decode({dtype, bdata, shape}) {
  const flat = new KINDS[dtype](bytes(bdata).buffer);
  const sizes = String(shape).split(",").map(Number);
  /** @type {(start: number, sizes: number[]) => any} */
  const cut = (start, [size, ...rest]) => {
    if (!rest.length) return flat.subarray(start, start + size);
    const stride = rest.reduce((product, value) => product * value, 1);
    return Array.from({length: size}, (_, index) => cut(start + index * stride, rest));
  };
  return cut(0, sizes);
}

/**
 * One line of a recording.
 * @param {string} line
 * @returns {Message}
 */
export const parsed = (line) =>
  JSON.parse(line, (_, value) => (value && typeof value === "object" && "bdata" in value ? decode(value) : value));

export class Recording {
  /**
   * @param {string} run
   * @param {() => void} onChange called after every batch of lines
   * @param {() => void} onBlocked called once if the route cannot be reached at all
   */
  constructor(run, onChange, onBlocked) {
    this.run = run;
    this.onChange = onChange;
    this.onBlocked = onBlocked;
    /** @type {Header | null} */
    this.header = null;
    /** @type {Snapshot[]} */
    this.frames = [];
    /** @type {Pick<End, "status" | "message"> | null} */
    this.end = null;
    this.lines = 0;
    this.failures = 0;
    this.waiting = false;
    /** The server that the lines come from, and whether it has become another one. */
    this.server = "";
    this.moved = false;
    this.abort = new AbortController();
  }

  /**
   * Begin with what is known already, of another run that begins in the same way.
   * @param {Header} header
   * @param {Snapshot[]} frames
   */
  begin(header, frames) {
    this.header = header;
    this.frames = frames;
    this.lines = 1 + frames.length;
  }

  get trainedStep() {
    return this.frames.at(-1)?.step ?? 0;
  }

  get closed() {
    return this.abort.signal.aborted;
  }

  /** Ended by the server before its time: when the page asks for the run again, it begins anew. */
  get broken() {
    return !this.closed && ["failed", "stopped"].includes(this.end?.status ?? "");
  }

  /** Nothing more is taken or reported from now on. */
  close() {
    this.abort.abort();
  }

  /**
   * Take recorded lines that begin at line `from`; what is known already is passed over.
   * @param {string[]} lines
   * @param {number} from
   */
  accept(lines, from) {
    const fresh = lines.slice(Math.max(0, this.lines - from));
    if (this.closed || this.end || from > this.lines || !fresh.length) return;
    for (const line of fresh) this.take(parsed(line));
    this.onChange();
  }

  /** @param {Message} message */
  take(message) {
    this.lines += 1;
    if (message.type === "header") this.header = message;
    else if (message.type === "snapshot") this.frames.push(message);
    else if (message.type === "end") this.end = message;
  }

  /** @param {string} url */
  async stream(url) {
    while (!this.end && !this.closed) {
      try {
        const address = new URL(url);
        if (this.lines) address.searchParams.set("from", String(this.lines));
        await this.read(address.href);
        if (!this.end) throw new Error("the stream ended early");
      } catch (error) {
        if (this.closed) return;
        if (this.isHopeless(error)) return this.onBlocked();
        await this.pause();
      }
    }
  }

  async pause() {
    this.waiting = true;
    this.onChange();
    const wait = RETRY_MS[Math.min(this.failures++, RETRY_MS.length - 1)];
    await new Promise((resolve) => setTimeout(resolve, wait));
  }

  /**
   * Whether no route seems to lead to the stream. A server that has answered before and does not now has been stopped, or the
   * network is away: that may take its time.
   * @param {unknown} error
   */
  isHopeless(error) {
    if (!(error instanceof Unread)) return !this.lines && this.failures >= 2;
    return error.blocked || this.failures >= (this.lines ? RETRY_MS.length : 2);
  }

  /** @param {string} url */
  async read(url) {
    const response = await fetch(url, {signal: this.abort.signal});
    const type = response.headers.get("content-type") || "";
    if (!response.ok || !response.body || !type.includes("ndjson")) {
      if (AWAY.includes(response.status) && !type.includes("json")) throw new Error("a proxy says that the server is away");
      // Our own 404 (the server began anew) is worth another try; a page in place of the stream means that no route leads there.
      throw new Unread(`no stream: ${response.status}`, !type.includes("json"));
    }
    const server = response.headers.get("bnviz-server") ?? "";
    this.moved ||= Boolean(this.server && server && server !== this.server);
    this.server = server;
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ""; ;) {
      const {done, value} = await reader.read();
      if (done) return;
      const pieces = (rest + value).split("\n");
      rest = pieces.pop() ?? "";
      this.failures = 0;
      this.waiting = false;
      await this.acceptInTurn(pieces);
    }
  }

  /**
   * Take lines a few at a time: of a long recording that is there at once the first picture is seen while the rest is read.
   * @param {string[]} lines
   */
  async acceptInTurn(lines) {
    for (let taken = 0; taken < lines.length; taken += AT_ONCE) {
      if (taken) await breath();
      this.accept(lines.slice(taken, taken + AT_ONCE), this.lines);
    }
  }
}
