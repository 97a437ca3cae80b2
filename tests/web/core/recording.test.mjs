import assert from "node:assert/strict";
import {test} from "node:test";

import {Recording} from "../../../bnviz/web/player/recording.js";
import {frameAt, stepsUpTo} from "./world.mjs";

const HEADER = {type: "header", arms: ["none", "batch"]};
const LINES = [HEADER, ...stepsUpTo(16).map((step) => frameAt(step)), {type: "end", status: "finished", message: ""}];
const bodyOf = (lines) => lines.map((line) => `${JSON.stringify(line)}\n`).join("");
const stream = (lines, server = "one") =>
  new Response(bodyOf(lines), {headers: {"content-type": "application/x-ndjson", "bnviz-server": server}});
const ADDRESS = "http://lab/run.ndjson?v=1";
const page = (status, type) => new Response("<html>", {status, headers: {"content-type": type}});

/** Read a run from a server whose answers are these, one after another; the last one is given for ever. */
async function readFrom(answers, {stopAfter = Infinity, waitsAtMost = 20, offline = false, url = ADDRESS} = {}) {
  const log = {urls: [], waits: [], changes: 0, blocked: 0, lost: 0};
  const network = {
    async fetch(url) {
      log.urls.push(new URL(url).searchParams.get("from"));
      const answer = answers[Math.min(log.urls.length, answers.length) - 1];
      if (log.urls.length >= stopAfter) recording.close();
      if (answer instanceof Error) throw answer;
      return answer.clone();
    },
    wait: async (delay) => {
      log.waits.push(delay);
      if (log.waits.length >= waitsAtMost) recording.close();
    },
    isOffline: () => offline,
    yieldToBrowser: async () => {},
  };
  const onChange = () => {
    log.changes += 1;
    log.lost += Number(recording.reconnects);
  };
  const recording = new Recording("run", onChange, () => (log.blocked += 1), network);
  await recording.stream(url);
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

test("a line that is damaged is no lost connection: what comes before it is kept, and nobody asks again", async () => {
  for (const damage of [(text) => text.replace("\n", "\r"), (text) => text.slice(0, -9)]) {
    const text = [bodyOf(LINES.slice(0, 4)), damage(bodyOf(LINES.slice(4, 6))), bodyOf(LINES.slice(6))].join("");
    const {recording, log} = await readFrom([new Response(text, {headers: {"content-type": "application/x-ndjson"}})]);
    const {lines, damagedLine, frames, end} = recording;
    assert.deepEqual([lines, frames.length, end.status, log.urls.length, log.lost], [damagedLine - 1, lines - 1, "failed", 1, 0]);
    assert.ok(lines === 4 || lines === 5);
  }
});

test("white space in a line, such as that of Windows, is none of its ends", async () => {
  const text = bodyOf(LINES).replaceAll("\n", "\r\n");
  const {recording} = await readFrom([new Response(text, {headers: {"content-type": "application/x-ndjson"}})]);
  assert.deepEqual([recording.lines, recording.end.status, recording.damagedLine], [LINES.length, "finished", 0]);
});

test("a saved page that has no end of its recording says where it breaks off, and does not try again", async () => {
  const {recording, log} = await readFrom([stream(LINES.slice(0, 5))], {url: "blob:null/1"});
  assert.deepEqual([recording.damagedLine, recording.end.status, log.urls.length, log.lost], [6, "failed", 1, 0]);
});

test("a page in place of the stream means that no route leads there", async () => {
  const {log} = await readFrom([page(200, "text/html")]);
  assert.deepEqual([log.blocked, log.urls.length], [1, 1]);
});

test("where no request gets through at all the stream is blocked after three", async () => {
  const {log} = await readFrom([new TypeError("blocked")]);
  assert.deepEqual([log.blocked, log.waits.slice(0, 4)], [1, [300, 1000, 2000, 4000]]);
});

test("a stream that was blocked for a short time is read after all, and no lost connection is told meanwhile", async () => {
  const away = new TypeError("no network");
  const {recording, log} = await readFrom([away, away, away, away, stream(LINES)]);
  assert.deepEqual([log.blocked, recording.trainedStep, recording.isBlocked, recording.isStreaming], [1, 16, false, true]);
  assert.equal(log.lost, 2, "only before it seemed to be blocked");
});

test("a browser that knows that it is offline does not take the stream for blocked", async () => {
  const {recording, log} = await readFrom([...Array(9).fill(new TypeError("no network")), stream(LINES)], {offline: true});
  assert.deepEqual([log.blocked, recording.trainedStep], [0, 16]);
});

test("lines that the page hands over while the stream is away are not taken twice", async () => {
  const texts = LINES.map((line) => JSON.stringify(line));
  const network = {
    async fetch() {
      recording.accept(texts.slice(0, 7), 0); // they come with the page after the stream was asked from its beginning
      return stream(LINES);
    },
    ...{wait: async () => {}, isOffline: () => false, yieldToBrowser: async () => {}},
  };
  const ignore = () => {};
  const recording = new Recording("run", ignore, ignore, network);
  await recording.stream("http://lab/run.ndjson");
  assert.deepEqual(
    recording.frames.map(({step}) => step),
    stepsUpTo(16),
  );
});

test("a run that our own server does not know is tried again, thrice in all", async () => {
  const {log} = await readFrom([page(404, "application/json")]);
  assert.deepEqual([log.blocked, log.lost], [1, 2]);
});

test("a server that has answered before may be away for longer", async () => {
  const {log} = await readFrom([stream(LINES.slice(0, 5)), new TypeError("away")], {stopAfter: 12});
  assert.equal(log.blocked, 0);
  assert.deepEqual(log.waits.slice(0, 7), [300, 1000, 2000, 4000, 8000, 8000, 8000]);
});

test("a run that is gone in the middle is tried again for as long as a server needs to begin anew", async () => {
  const {log} = await readFrom([stream(LINES.slice(0, 5)), page(404, "application/json")]);
  assert.deepEqual([log.blocked, log.lost], [1, 5]);
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
