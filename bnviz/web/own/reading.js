// @ts-check
// Reads a recording that a visitor has opened, a file or an address, into the player. It is read where it is: nothing of it is
// sent anywhere. What is whole plays; of a long one as many snapshots are kept as there should be room for.

import {parseArrays} from "../player/arrays.js";
import {checkedHeader, isSnapshot, Unreadable} from "./checks.js";
import {checkedFindings, checkedReasons} from "./findings.js";
import {Thinning} from "./thinning.js";

/** @import {Header, Message} from "../player/types" */
/** @import {Recording} from "../player/recording.js" */
/**
 * @typedef {object} Source where a recording comes from
 * @property {string} name
 * @property {(from: number, signal: AbortSignal) => Promise<ReadableStream<Uint8Array<ArrayBuffer>>>} open from that line on
 * @property {Record<string, string>} [saved] addresses of what it can be saved as, by their endings
 * @property {boolean} [resumes] whether a stream that breaks off, or that ends without an end line, may be opened again
 * @property {boolean} [linked] whether a link to the page names it, as it does unless it is a file of this machine
 */
/**
 * @typedef {object} Host
 * @property {(delay: number) => Promise<unknown>} wait in milliseconds
 * @property {() => Promise<unknown>} yieldToBrowser let the browser draw
 * @property {(key: string, values: Record<string, string | number>) => void} notice show a sentence about the recording
 * @property {number} [memory] bytes of snapshots to keep
 */

const MEMORY = 150e6; // bytes: with what Plotly draws, a tab stays below 500 MB
const MOST_LETTERS = 48e6; // in a line; a text takes twice as many bytes
const BATCH_LETTERS = 2e6; // are read at once, then the browser may draw
const RETRY_MS = [300, 1000, 2000, 4000];
const SNAPSHOT = /^\{\s*"type":\s*"snapshot"/;
const WATCH_MS = 2000; // between two looks at a file that has ended

/**
 * The header of a recording, from the first line that its source has. Raises Unreadable.
 * @param {Source} source
 * @returns {Promise<Header>}
 */
export async function readHeader(source) {
  const abort = new AbortController();
  const stream = await source.open(0, abort.signal);
  try {
    for await (const line of linesOf(stream)) return checkedHeader(parsed(line, 1));
  } catch (error) {
    throw error instanceof Unreadable ? error : new Unreadable("foreign");
  } finally {
    abort.abort();
  }
  throw new Unreadable("empty");
}

/**
 * Read a recording to its end. Of one that may be rewritten, `recording.run` has to be the id in its header. Returns how many
 * lines have been read; null if it must be read from its beginning.
 * @param {Recording} recording
 * @param {Source} source
 * @param {Host} host
 * @returns {Promise<number | null>}
 */
export async function readRecording(recording, source, host) {
  const reader = new Reader(recording, host, source.resumes ? recording.run : "");
  for (let failures = 0; !recording.end && !recording.closed; failures++) {
    const before = reader.lines;
    try {
      await reader.read(await source.open(reader.lines, recording.abort.signal));
    } catch (error) {
      if (recording.closed || isKey(error, "anew")) return null;
      if (!source.resumes || isFinal(error)) reader.stop(asUnreadable(error, reader.lines + 1));
    }
    if (!source.resumes) reader.finish();
    if (recording.end) break;
    if (recording.frames.length) host.notice("grows", {});
    if (reader.lines > before) failures = 0;
    await host.wait(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]);
  }
  return reader.lines;
}

/**
 * Wait until a file that has been read to its end is rewritten, or the recording is closed.
 * @param {Recording} recording
 * @param {Source} source
 * @param {number} lines that have been read
 * @param {Host} host
 */
export async function rewritten(recording, source, lines, host) {
  while (!recording.closed) {
    await host.wait(WATCH_MS);
    try {
      if (!recording.closed) await (await source.open(lines, recording.abort.signal)).cancel();
    } catch (error) {
      if (isKey(error, "anew")) return; // one that is away may come back
    }
  }
}

/**
 * @param {unknown} error
 * @param {string} key
 */
const isKey = (error, key) => error instanceof Unreadable && error.key === key;

/** Whether to ask again would not help. @param {unknown} error */
const isFinal = (error) => error instanceof Unreadable && !isKey(error, "unreachable");

/**
 * @param {unknown} error
 * @param {number} line where it came up
 */
const asUnreadable = (error, line) => (error instanceof Unreadable ? error : new Unreadable("broken_off", {line}));

class Reader {
  /** Lines that have been read. */
  lines = 0;
  /** The step of the last snapshot. */
  step = -1;
  /** @type {string} the last snapshot, if it has been left out */
  leftOut = "";

  /**
   * @param {Recording} recording
   * @param {Host} host
   * @param {string} id that its header has to have; any, if it is ""
   */
  constructor(recording, host, id) {
    this.recording = recording;
    this.host = host;
    this.id = id;
    this.thinning = new Thinning(recording, host.memory ?? MEMORY);
  }

  /** @param {ReadableStream<Uint8Array<ArrayBuffer>>} stream that begins after the lines that have been read */
  async read(stream) {
    const {recording, host} = this;
    /** @type {Message[]} */
    let messages = [];
    let letters = 0;
    try {
      for await (const line of linesOf(stream)) {
        if (recording.closed) return;
        letters += line.length;
        messages.push(...this.messagesOf(line));
        this.lines += 1;
        if (letters < BATCH_LETTERS && recording.frames.length) continue;
        this.hand(messages);
        [messages, letters] = [[], 0];
        await host.yieldToBrowser();
      }
    } finally {
      this.hand(messages); // what came before a line that is damaged
    }
  }

  /** @param {Message[]} messages */
  hand(messages) {
    if (!messages.length || this.recording.closed) return;
    this.recording.take(messages);
    if (this.thinning.cut()) this.host.notice("thinned", {stride: this.thinning.stride});
  }

  /**
   * What a line says: nothing, if it is left out. Raises Unreadable.
   * @param {string} line
   * @returns {Message[]}
   */
  messagesOf(line) {
    if (!line.trim()) return [];
    const isOfSnapshot = SNAPSHOT.test(line);
    if (isOfSnapshot && !this.thinning.wants()) {
      this.leftOut = line;
      return [];
    }
    const message = parsed(line, this.lines + 1);
    if (!this.lines) return [this.header(message)];
    if (message?.type === "end") return [...this.lastSnapshot(), endOf(message)];
    if (message?.type !== "snapshot") return []; // a later release may have other lines
    return [this.snapshot(message, line)];
  }

  /**
   * @param {any} message
   * @returns {Message}
   */
  header(message) {
    const header = checkedHeader(message);
    if (this.id && header.id !== this.id) throw new Unreadable("anew");
    return {...header, type: "header"};
  }

  /**
   * @param {any} message
   * @param {string} line
   */
  snapshot(message, line) {
    const {header} = this.recording;
    if (!header || !isSnapshot(message, header, this.step)) throw new Unreadable("damaged", {line: this.lines + 1});
    this.step = message.step;
    this.leftOut = "";
    this.thinning.count(line.length);
    return message;
  }

  /** The trained network is shown, whatever has been left out before it. */
  lastSnapshot() {
    return this.leftOut ? [this.snapshot(parsed(this.leftOut, this.lines), this.leftOut)] : [];
  }

  /** The file has been read, and has no end line: the training was killed, or goes on. */
  finish() {
    const {recording} = this;
    if (recording.end) return;
    if (!recording.frames.length) return this.stop(new Unreadable("no_snapshots"));
    this.hand(this.lastSnapshot());
    this.host.notice("no_end", {step: recording.trainedStep});
    this.end();
  }

  /**
   * It cannot be read any further; what has been read plays.
   * @param {Unreadable} error
   */
  stop(error) {
    this.host.notice(error.key, error.values);
    this.end();
  }

  end() {
    this.recording.take([{type: "end", status: "stopped", message: "", seconds: 0}]);
  }
}

/**
 * @param {any} message
 * @returns {Message}
 */
function endOf({status, message, findings, not_looked_for: reasons}) {
  const known = ["finished", "diverged", "stopped", "failed"].includes(status) ? status : "stopped";
  const text = typeof message === "string" ? message : "";
  const shownStatus = known === "failed" ? "stopped" : known; // what there is plays
  const found = {findings: checkedFindings(findings) ?? undefined, not_looked_for: checkedReasons(reasons)};
  return {type: "end", status: shownStatus, message: text, seconds: 0, ...found};
}

/**
 * What a line says. Raises Unreadable.
 * @param {string} line
 * @param {number} number of the line
 */
function parsed(line, number) {
  try {
    return parseArrays(line);
  } catch {
    throw number > 1 ? new Unreadable("damaged", {line: number}) : new Unreadable("foreign");
  }
}

/**
 * The lines of a stream. The last one counts if it is whole: training may have been killed while it was written.
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} stream
 */
async function* linesOf(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream("utf-8", {fatal: true})).getReader();
  try {
    for (let remainder = ""; ;) {
      const {done, value} = await reader.read();
      if (done) {
        if (isWhole(remainder)) yield remainder;
        return;
      }
      const pieces = (remainder + value).split("\n");
      remainder = pieces.pop() ?? "";
      if (remainder.length > MOST_LETTERS) throw new Unreadable("long_line");
      yield* pieces;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** @param {string} text */
function isWhole(text) {
  try {
    return Boolean(JSON.parse(text));
  } catch {
    return false;
  }
}
