// @ts-check
// A run's recording as it arrives: one line after another, over HTTP or handed in by the page.
// Reading resumes where it stopped, so a dropped connection costs time and nothing else.

import {parseArrays} from "./arrays.js";

/** @import {End, Header, Message, Snapshot} from "./types" */
/**
 * @typedef {object} Network what a recording is read with
 * @property {typeof fetch} fetch
 * @property {(delay: number) => Promise<unknown>} wait in milliseconds; less if the network comes back meanwhile
 * @property {() => boolean} isOffline whether the browser knows that there is no network
 * @property {() => Promise<unknown>} yieldToBrowser let the browser draw
 */

const BATCH_LINES = 6; // taken at once
const RETRY_MS = [300, 1000, 2000, 4000, 8000];
const PROXY_STATUSES = [502, 503, 504]; // of a proxy whose server is away

/** @type {Network} */
const BROWSER = {
  fetch: (...request) => fetch(...request),
  wait: (delay) =>
    new Promise((resolve) => {
      const timer = setTimeout(done, delay);
      function done() {
        clearTimeout(timer);
        removeEventListener("online", done);
        resolve(null);
      }
      addEventListener("online", done);
    }),
  isOffline: () => !navigator.onLine,
  // A hidden page is not drawn, and its timers are slow.
  yieldToBrowser: () => (document.hidden ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve))),
};

/** The stream could not be read; `blocked` if it seems that no route leads there. */
class StreamError extends Error {
  /**
   * @param {string} message
   * @param {boolean} blocked
   */
  constructor(message, blocked) {
    super(message);
    this.blocked = blocked;
  }
}

/**
 * What lines say, up to one that is damaged. A line ends at \n and nowhere else, as in Python; \r is white space in JSON.
 * @param {string[]} lines
 */
function readable(lines) {
  /** @type {Message[]} */
  const messages = [];
  try {
    for (const line of lines) messages.push(parseArrays(line));
  } catch {} // those before it count
  return messages;
}

export class Recording {
  /**
   * @param {string} run
   * @param {() => void} onChange called after every batch of lines
   * @param {() => void} onBlocked called if the route seems not to be reachable at all; it may turn out to be later
   * @param {Network} [network]
   */
  constructor(run, onChange, onBlocked, network = BROWSER) {
    this.run = run;
    this.network = network;
    this.onChange = onChange;
    this.onBlocked = onBlocked;
    /** @type {Header | null} */
    this.header = null;
    /** @type {Snapshot[]} */
    this.frames = [];
    /** @type {Pick<End, "status" | "message" | "findings" | "not_looked_for"> | null} */
    this.end = null;
    this.lines = 0;
    /** The first line that cannot be read, counted from 1; 0 if there is none. */
    this.damagedLine = 0;
    this.failures = 0;
    /** Whether the connection is lost, and to be tried again. */
    this.reconnects = false;
    /** Whether the route seems not to be reachable, and whether lines come over it now. */
    this.isBlocked = false;
    this.isStreaming = false;
    /** The server that the lines come from, and whether it has become another one. */
    this.server = "";
    this.serverChanged = false;
    this.abort = new AbortController();
  }

  /**
   * Start with the snapshots of another run that begins in the same way.
   * @param {Header} header
   * @param {Snapshot[]} frames
   */
  startWith(header, frames) {
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

  /** Ended by the server before its time: when the page asks for the run again, it restarts. */
  get isBroken() {
    return !this.closed && ["failed", "stopped"].includes(this.end?.status ?? "");
  }

  /** Nothing more is taken or reported from now on. */
  close() {
    this.abort.abort();
  }

  /**
   * Take recorded lines that begin at line `from`; those that are here already are skipped.
   * @param {string[]} lines
   * @param {number} from
   */
  accept(lines, from) {
    const newLines = lines.slice(Math.max(0, this.lines - from));
    if (this.closed || this.end || from > this.lines || !newLines.length) return;
    const messages = readable(newLines);
    this.take(messages);
    if (messages.length < newLines.length) this.breakOff();
  }

  /** Nothing can be read any more, and to ask again would not help. */
  breakOff() {
    this.damagedLine = this.lines + 1;
    this.end = {status: "failed", message: ""};
    this.onChange();
  }

  /** @param {Message[]} messages the next ones */
  take(messages) {
    for (const message of messages) this.append(message);
    this.onChange();
  }

  /** @param {Message} message */
  append(message) {
    this.lines += 1;
    if (message.type === "header") this.header = message;
    else if (message.type === "snapshot") this.frames.push(message);
    else if (message.type === "end") this.end = message;
  }

  /** @param {string} url */
  async stream(url) {
    while (!this.end && !this.closed) {
      try {
        const [address, from] = [new URL(url), this.lines];
        if (from) address.searchParams.set("from", String(from));
        await this.read(address.href, from);
        if (!this.end) throw new Error("the stream ended early");
      } catch (error) {
        this.isStreaming = false;
        if (this.closed) return;
        if (url.startsWith("blob:")) return this.breakOff(); // a saved page has brought it along
        if (!this.isBlocked && this.isUnreachable(error)) this.block();
        if (error instanceof StreamError && error.blocked) return; // a page in the stream's place stays there
        await this.backOff();
      }
    }
  }

  block() {
    this.isBlocked = true;
    this.onBlocked();
  }

  async backOff() {
    this.reconnects = !this.isBlocked;
    if (this.reconnects) this.onChange();
    await this.network.wait(RETRY_MS[Math.min(this.failures++, RETRY_MS.length - 1)]);
  }

  /**
   * Whether no route seems to lead to the stream. A server that has answered before and does not now has been stopped, or the
   * network is away: that may take its time.
   * @param {unknown} error
   */
  isUnreachable(error) {
    if (!(error instanceof StreamError)) return !this.lines && this.failures >= 2 && !this.network.isOffline();
    return error.blocked || this.failures >= (this.lines ? RETRY_MS.length : 2);
  }

  /**
   * @param {string} url
   * @param {number} from the number of the line that it begins with; the page may hand over others meanwhile
   */
  async read(url, from) {
    const response = await this.network.fetch(url, {signal: this.abort.signal});
    const type = response.headers.get("content-type") || "";
    if (!response.ok || !response.body || !type.includes("ndjson")) {
      if (PROXY_STATUSES.includes(response.status) && !type.includes("json"))
        throw new Error("a proxy says that the server is away");
      // Our own 404 (the server has restarted) is worth another try; a page in its place means that no route leads there.
      throw new StreamError(`no stream: ${response.status}`, !type.includes("json"));
    }
    const server = response.headers.get("bnviz-server") ?? "";
    this.serverChanged ||= Boolean(this.server && server && server !== this.server);
    this.server = server;
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let remainder = ""; ;) {
      const {done, value} = await reader.read();
      if (done) return;
      const pieces = (remainder + value).split("\n");
      remainder = pieces.pop() ?? "";
      this.failures = 0;
      this.reconnects = this.isBlocked = false;
      this.isStreaming = true;
      await this.acceptInBatches(pieces, from);
      from += pieces.length;
    }
  }

  /**
   * Take lines a few at a time: of a long recording that is there at once the first picture is seen while the rest is read.
   * @param {string[]} lines
   * @param {number} from
   */
  async acceptInBatches(lines, from) {
    for (let start = 0; start < lines.length; start += BATCH_LINES) {
      if (start) await this.network.yieldToBrowser();
      this.accept(lines.slice(start, start + BATCH_LINES), from + start);
    }
  }
}
