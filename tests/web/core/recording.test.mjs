import assert from "node:assert/strict";
import {test} from "node:test";

import {Recording} from "../../../bnviz/web/player/recording.js";
import {frameAt, stepsUpTo} from "./world.mjs";

const HEADER = {type: "header", arms: ["none", "batch"]};
const LINES = [HEADER, ...stepsUpTo(16).map((step) => frameAt(step)), {type: "end", status: "finished", message: ""}];
const bodyOf = (lines) => lines.map((line) => `${JSON.stringify(line)}\n`).join("");
const stream = (lines, server = "one") =>
  new Response(bodyOf(lines), {headers: {"content-type": "application/x-ndjson", "bnviz-server": server}});
const page = (status, type) => new Response("<html>", {status, headers: {"content-type": type}});

/** Read a run from a server whose answers are these, one after another; the last one is given for ever. */
async function readFrom(answers, {stopAfter = Infinity} = {}) {
  const log = {urls: [], waits: [], changes: 0, blocked: 0, lost: 0};
  const network = {
    async fetch(url) {
      log.urls.push(new URL(url).searchParams.get("from"));
      const answer = answers[Math.min(log.urls.length, answers.length) - 1];
      if (log.urls.length >= stopAfter) recording.close();
      if (answer instanceof Error) throw answer;
      return answer.clone();
    },
    wait: async (delay) => void log.waits.push(delay),
    yieldToBrowser: async () => {},
  };
  const onChange = () => {
    log.changes += 1;
    log.lost += Number(recording.reconnects);
  };
  const recording = new Recording("run", onChange, () => (log.blocked += 1), network);
  await recording.stream("http://lab/run.ndjson?v=1");
  return {recording, log};
}

test("a recording is read to its end, a few lines at a time", async () => {
  const {recording, log} = await readFrom([stream(LINES)]);
  assert.deepEqual([recording.trainedStep, recording.end.status, recording.lines], [16, "finished", LINES.length]);
  assert.equal(log.changes, Math.ceil(LINES.length / 6));
  assert.deepEqual(log.urls, [null]);
});

test("a dropped connection is resumed where it stopped, after ever longer waits", async () => {
  const {recording, log} = await readFrom([stream(LINES.slice(0, 5)), new TypeError("away"), stream(LINES.slice(5))]);
  assert.deepEqual(log.urls, [null, "5", "5"]);
  assert.deepEqual(log.waits, [300, 1000]);
  assert.deepEqual([recording.trainedStep, log.lost, recording.reconnects], [16, 2, false]);
});

test("a line that is cut in two by the network is one line", async () => {
  const text = bodyOf(LINES);
  const pieces = [text.slice(0, 333), text.slice(333)].map((piece) => new TextEncoder().encode(piece));
  const body = new ReadableStream({
    start(controller) {
      pieces.forEach((piece) => controller.enqueue(piece));
      controller.close();
    },
  });
  const answer = new Response(body, {headers: {"content-type": "application/x-ndjson"}});
  assert.equal((await readFrom([answer])).recording.lines, LINES.length);
});

test("a page in place of the stream means that no route leads there", async () => {
  const {log} = await readFrom([page(200, "text/html")]);
  assert.deepEqual([log.blocked, log.urls.length], [1, 1]);
});

test("where no request gets through at all the stream is blocked after three", async () => {
  const {log} = await readFrom([new TypeError("blocked")]);
  assert.deepEqual([log.blocked, log.waits], [1, [300, 1000]]);
});

test("a run that our own server does not know is tried again, thrice in all", async () => {
  const {log} = await readFrom([page(404, "application/json")]);
  assert.deepEqual([log.blocked, log.waits], [1, [300, 1000]]);
});

test("a server that has answered before may be away for longer", async () => {
  const {log} = await readFrom([stream(LINES.slice(0, 5)), new TypeError("away")], {stopAfter: 12});
  assert.equal(log.blocked, 0);
  assert.deepEqual(log.waits.slice(0, 7), [300, 1000, 2000, 4000, 8000, 8000, 8000]);
});

test("a run that is gone in the middle is tried again for as long as a server needs to begin anew", async () => {
  const {log} = await readFrom([stream(LINES.slice(0, 5)), page(404, "application/json")]);
  assert.deepEqual([log.blocked, log.waits], [1, [300, 1000, 2000, 4000, 8000]]);
});

test("a proxy that says its server is away is no page in the stream's place", async () => {
  const {recording, log} = await readFrom([page(502, "text/html"), stream(LINES)]);
  assert.deepEqual([log.blocked, recording.trainedStep], [0, 16]);
});

test("it is noticed when the stream goes on from another server", async () => {
  const {recording} = await readFrom([stream(LINES.slice(0, 5), "one"), stream(LINES.slice(5), "other")]);
  assert.equal(recording.serverChanged, true);
  const same = await readFrom([stream(LINES.slice(0, 5), "one"), stream(LINES.slice(5), "one")]);
  assert.equal(same.recording.serverChanged, false);
});

test("lines that are here already are skipped, and lines after a gap are refused", () => {
  const recording = new Recording(
    "run",
    () => {},
    () => {},
  );
  const texts = LINES.map((line) => JSON.stringify(line));
  recording.accept(texts.slice(0, 4), 0);
  recording.accept(texts.slice(2, 6), 2);
  assert.deepEqual([recording.lines, recording.trainedStep], [6, 4]);
  recording.accept(texts.slice(9, 12), 9);
  assert.equal(recording.lines, 6);
  recording.close();
  recording.accept(texts.slice(6), 6);
  assert.equal(recording.lines, 6);
});
