// @ts-check
// Which snapshots of a long recording are kept: all, then every second one, every fourth one, … whenever those that are kept
// would take more memory than a page should.

/** @import {Recording} from "../player/recording.js" */

const BYTES_PER_LETTER = 0.75; // of base64; most of a line is that

export class Thinning {
  /** Every so many-th snapshot is kept. */
  stride = 1;
  /** Snapshots that have come. */
  #arrived = 0;
  /** What those that are kept take. */
  #bytes = 0;

  /**
   * @param {Pick<Recording, "frames" | "end">} recording
   * @param {number} memory in bytes
   */
  constructor(recording, memory) {
    this.recording = recording;
    this.memory = memory;
  }

  /** Whether to keep the next snapshot. */
  wants() {
    return this.#arrived++ % this.stride === 0;
  }

  /** @param {number} letters of a snapshot that is kept */
  count(letters) {
    this.#bytes += letters * BYTES_PER_LETTER;
  }

  /** Leave out every second snapshot, if they take too much. Returns whether that was so. */
  cut() {
    const {recording} = this;
    if (this.#bytes <= this.memory || recording.frames.length < 3) return false;
    while (this.#bytes > this.memory && recording.frames.length > 2) {
      const last = recording.end ? recording.frames.length - 1 : 0; // the trained network stays
      recording.frames = recording.frames.filter((_, index) => index % 2 === 0 || index === last);
      this.#bytes /= 2;
      this.stride *= 2;
    }
    return true;
  }
}
