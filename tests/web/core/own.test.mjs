// Recordings of people's own networks: what is read of a file, and what the player makes of it.

import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {test} from "node:test";

import {chartOf, layerOf, lookedFor, shownStep, wordsOf} from "../../../bnviz/web/own/findings.js";
import {Unreadable} from "../../../bnviz/web/own/checks.js";
import {dataOf, headlineBefore, viewIn, withoutPlace} from "../../../bnviz/web/own/player-data.js";
import {measuresIn} from "../../../bnviz/web/own/measures.js";
import {layerKind, layerName, recordedWords, shortSignalName} from "../../../bnviz/web/own/names.js";
import {readHeader, readRecording, rewritten} from "../../../bnviz/web/own/reading.js";
import {addressSource, fileSource, packedSource} from "../../../bnviz/web/own/sources.js";
import {installCommand} from "../../../bnviz/web/own/snippets.js";
import story from "../../../bnviz/web/own/story.js";
import {fillTrace, layerDensity} from "../../../bnviz/web/player/feeds.js";
import {Fits} from "../../../bnviz/web/player/fits.js";
import {listedLayers} from "../../../bnviz/web/player/layers.js";
import {Recording} from "../../../bnviz/web/player/recording.js";
import {tablesOf} from "../../../bnviz/web/player/tables.js";
import {viewOf} from "../../../bnviz/web/player/view.js";
import {alternative, filler} from "../../../bnviz/web/player/words.js";
import {numbers, ownLines, sourceOf, streamOf} from "./own-recording.mjs";

const WORDS = JSON.parse(readFileSync(process.env.BNVIZ_OWN_WORDS, "utf8"));

const host = (notices, more = {}) => {
  let waits = 0;
  const wait = async () => assert.ok(waits++ < 50, "it waits and asks for ever");
  return {wait, yieldToBrowser: async () => {}, notice: (key, values) => notices.push([key, values]), ...more};
};

/** A text as it is read: the recording, or why there is none; and what was said of it. */
async function read(text, {source = sourceOf(text, 700), ...more} = {}) {
  const notices = [];
  const recording = new Recording(
    "0123456789abcdef",
    () => {},
    () => {},
  );
  const lines = await readRecording(recording, source, host(notices, more));
  return {recording, notices, read: lines};
}

const textOf = (lines) => lines.map((line) => `${line}\n`).join("");

/** What is on show of a recording, and its data. */
function scene(recording, choice = {}, playhead = 1e9) {
  const data = dataOf(recording.header, measuresIn(recording.frames), WORDS, viewIn(new URLSearchParams(""), recording.header));
  const chosen = {...data.view, unit: "auto", ...choice};
  const view = viewOf({recording, data, choice: chosen, story, fits: new Fits(), playhead});
  return {data, view};
}

/** Every number that a trace draws. */
const drawn = (trace) => [trace.x, trace.y].flat().filter((value) => value !== null && value !== undefined);

test("the command that installs takes the wheel's address, or the folder of sources", () => {
  const address = "http://[::1]:8501/lab/bnviz-1.0.0-py3-none-any.whl";
  assert.equal(installCommand("", address), `pip install "${address}"`);
  assert.equal(installCommand("lightning", address), `pip install "bnviz[lightning] @ ${address}"`);
  assert.equal(installCommand("", ""), 'pip install "."');
  assert.equal(installCommand("lightning"), 'pip install ".[lightning]"');
});

test("the command that installs has nothing that a shell would read", () => {
  assert.equal(installCommand("", "file:///a$HOME/b`c`/d!e.whl"), 'pip install "file:///a%24HOME/b%60c%60/d%21e.whl"');
});

test("a copied link says that it has no recording, where the recording is a file of this machine", async () => {
  const {recording} = await read(textOf(ownLines({snapshots: 2})));
  const copied = ({linked}) => dataOf(recording.header, new Set(), WORDS, {}, linked).shared.copied;
  const local = [fileSource({name: "a"}), addressSource({name: "a", address: "a", grows: true})];
  const linked = [packedSource("a", "a"), addressSource({name: "a", address: "a", grows: false})];
  assert.deepEqual(local.map(copied), [WORDS.page.place_copied, WORDS.page.place_copied]);
  assert.deepEqual(linked.map(copied), [WORDS.shared.copied, WORDS.shared.copied]);
});

test("recordings of every shape are drawn and told, layer by layer, with no value that is not a number", async () => {
  const next = numbers(7);
  const whole = (low, high) => low + Math.floor(next() * (high - low + 1));
  for (let trial = 0; trial < 24; trial++) {
    const arms = ["model", "with norm", "b", "c"].slice(0, whole(1, 4));
    const widths = Array.from({length: trial ? whole(1, 12) : 64}, () => whole(1, trial % 3 ? 6 : 64));
    const taps = ["linear", "normalized", "activation"].slice(whole(0, 2));
    const options = {arms, widths, taps, watched: whole(0, 4), snapshots: whole(1, 5), seed: trial, evaluation: next() < 0.5};
    const probe = trial % 5 === 2 ? {probe_size: null} : {}; // of a function without a target nobody knows it
    const more = {histograms: trial % 4 !== 3, total: trial % 2 ? 100 : null, ...probe};
    const {recording} = await read(textOf(ownLines({...options, ...more})));
    assert.equal(recording.frames.length, options.snapshots, JSON.stringify(options));
    const unit = options.watched ? whole(0, options.watched - 1) : "pooled";
    const {data, view} = scene(recording, {layer: whole(1, widths.length), tap: taps[0], unit});
    assert.ok(data.panels.length >= 5);
    for (const spec of data.panels) {
      for (const trace of spec.data)
        for (const value of drawn(fillTrace(trace, view))) assert.ok(Number.isFinite(value), `${spec.id} ${trace.feed.kind}`);
      const fill = filler(view);
      assert.doesNotMatch(
        `${fill(spec.title)} ${fill(spec.caption)} ${alternative(spec, fill(spec.title), view)}`,
        /[{}]|undefined|NaN/,
      );
      tablesOf(spec, {view, fill});
      for (const [name, axis] of Object.entries(spec.layout).filter(([, axis]) => axis?.fit))
        assert.ok(
          (story.ranges[axis.fit]?.(view) ?? view.fits.range(axis.fit, view) ?? [0]).every(Number.isFinite),
          `${spec.id} ${name}`,
        );
    }
    assert.doesNotMatch(story.headline(view), /[{}]|undefined|NaN/);
  }
});

test("densities have their layer's own edges, and compare where bins are of different widths", async () => {
  const {recording} = await read(textOf(ownLines({widths: [2, 2], snapshots: 1, watched: 1})));
  const {header, frames} = recording;
  const edges = header.edges.activation[1];
  assert.notEqual(edges[0], header.edges.activation[0][0]);
  const even = Array.from({length: edges.length - 1}, (_, bin) => 10 * (edges[bin + 1] - edges[bin])); // the same everywhere
  const same = (value) => ({activation: [value, value]});
  Object.assign(frames[0].arms.model, {unit_counts: same([even]), unit_zeros: same([0]), counts: same(even), zeros: same(0)});
  const {view} = scene(recording, {layer: 2, tap: "activation", unit: 0});
  const {x, y} = fillTrace({feed: {kind: "ridge-front", arm: "model"}}, view);
  const middles = Array.from({length: edges.length - 1}, (_, bin) => (edges[bin] + edges[bin + 1]) / 2);
  assert.deepEqual(x.slice(1, -2), middles);
  const heights = y.slice(1, -2);
  assert.ok(
    heights.every((height) => Math.abs(height - heights[0]) < 1e-9),
    heights.join(),
  );
  const {heights: pooled} = layerDensity(frames[0], "model", 2, view);
  assert.ok(
    pooled.every((height) => Math.abs(height - pooled[0]) < 1e-9),
    pooled.join(),
  );
});

test("a layer's names, kinds and units are those of the header", async () => {
  const {recording} = await read(textOf(ownLines({widths: [3, 8], watched: 2})));
  const {view, data} = scene(recording, {layer: 2, tap: "linear", unit: 1});
  const fill = filler(view);
  assert.equal(
    fill("{layer}: {kind}, {unit}, {tap}"),
    'module "blocks.1.fc": Conv2d, BatchNorm1d, 8 of 16 units recorded, unit 2, z of module "blocks.1.fc"',
  );
  assert.deepEqual(data.arms, {model: {label: "model", name: "model", colour: "#2F7FD1"}});
});

test("of nn.Sequential a module's number is told from a layer's place, and a second call from the first", async () => {
  const {recording} = await read(textOf(ownLines({widths: [2, 2]})));
  const {view} = scene(recording);
  const normalizer = {...listedLayers(recording.header)[0], name: "4", kind: "BatchNorm1d", normalizer: "BatchNorm1d", repeat: 1};
  const header = {...recording.header, layers: [normalizer, {...normalizer, repeat: 0}]};
  const names = [1, 2].map((layer) => layerName({...view, header}, layer));
  assert.deepEqual(names, ['module "4 (call 2)"', 'module "4"']);
  assert.equal(layerKind({...view, header}, 1), "BatchNorm1d, 2 of 4 units recorded"); // its class is said once
  const {measured} = wordsOf(
    {...GAP, kind: "small_groups", cause: "", layer: "4 (call 2)", numbers: {together: 2, count: 1}},
    WORDS.judge,
  );
  assert.match(measured, /^In training, module "4 \(call 2\)" normalizes only 2 values/);
});

test("unit means say how far they are rounded, in the lab as well", async () => {
  const {recording} = await read(textOf(ownLines({})));
  const {view, data} = scene(recording);
  const {caption} = data.panels.find(({id}) => id === "fan");
  assert.match(filler(view)(caption), /The recording rounds means by at most 1\/64 of/);
  assert.match(story.captions.rounded({...view, header: {...view.header, experiment: {}}}), /1\/128 of/);
});

test("gradients of parameters are those of the chosen layer's own weights", async () => {
  const parameters = ["blocks.1.fc.weight", "other.weight", "blocks.0.fc.weight"];
  const {recording} = await read(textOf(ownLines({widths: [2, 2, 2], snapshots: 1, parameters})));
  recording.frames[0].arms.model.gradient_norm = [11, 12, 10];
  const drawnAt = (layer) =>
    fillTrace({feed: {kind: "entry", arm: "model", key: "gradient_norm"}}, scene(recording, {layer}).view);
  assert.deepEqual(
    [1, 2, 3].map((layer) => drawnAt(layer).y[0]),
    [10, 11, null],
  );
});

test("each arm has weights of its own, by names of its own, and says how many layers it has", async () => {
  const [parameters, others] = [["blocks.0.fc.weight"], ["stem.weight", "blocks.0.fc.weight"]];
  const more = {layers_found: 2, arm_layers_found: {b: 9}};
  const options = {arms: ["a", "b"], widths: [2], snapshots: 1, parameters, arm_parameters: {b: others}, ...more};
  const {recording} = await read(textOf(ownLines(options)));
  Object.assign(recording.frames[0].arms.a, {gradient_norm: [10]});
  Object.assign(recording.frames[0].arms.b, {gradient_norm: [20, 21]});
  const {view} = scene(recording);
  const drawnOf = (arm) => fillTrace({feed: {kind: "entry", arm, key: "gradient_norm"}}, view).y;
  assert.deepEqual([drawnOf("a"), drawnOf("b")], [[10], [21]]);
  assert.equal(recordedWords(view), "a: 1 of 2 layers are recorded; b: 1 of 9 layers are recorded.");
  const whole = {...recording.header, layers_found: 1, arm_layers_found: undefined};
  for (const found of [1, "x", null, -3, {}]) assert.equal(recordedWords({...view, header: {...whole, layers_found: found}}), "");
});

test("the first layer with values that are not finite is named, with its step", async () => {
  const {recording} = await read(textOf(ownLines({widths: [3, 3, 3], snapshots: 4, every: 5})));
  for (const frame of recording.frames.slice(2)) frame.arms.model.nonfinite = {activation: [0, 7, 40]};
  assert.match(
    story.headline(scene(recording).view),
    /^The first layer .* not finite is module "blocks\.1\.fc": 7 of them, at step 10\./,
  );
  assert.doesNotMatch(story.headline(scene(recording, {}, 1).view), /not finite/);
  recording.frames[3].arms.model.nonfinite = {activation: [60, 60, 60]}; // one backward pass later all layers are
  assert.match(story.headline(scene(recording).view), /^The first layer .* is module "blocks\.1\.fc": 7 of them, at step 10\./);
});

test("a recording without an end line plays to its last whole line, and says so", async () => {
  const text = textOf(ownLines({snapshots: 6, end: null}));
  for (const cut of [0, 20, 900]) {
    const {recording, notices} = await read(text.slice(0, text.length - cut));
    assert.equal(recording.frames.length, cut > 1 ? 5 : 6);
    assert.equal(recording.end.status, "stopped");
    assert.deepEqual(notices, [["no_end", {step: recording.trainedStep}]]);
  }
});

test("until there is a snapshot the headline waits for it, and says at the end that there is none", async () => {
  const [header, ...lines] = ownLines({snapshots: 1});
  const {recording} = await read(textOf([header, lines.at(-1)]));
  assert.equal(recording.end.status, "finished");
  assert.equal(headlineBefore(recording, WORDS), WORDS.page.nothing_to_show);
  assert.equal(headlineBefore({frames: [], end: null}, WORDS), WORDS.page.waiting);
  const {recording: played} = await read(textOf([header, ...lines]));
  assert.equal(headlineBefore(played, WORDS), null);
  assert.equal(scene(played).data.shared.untrained, WORDS.page.waiting); // none says that two networks train
});

test("each arm calls its layers by its own names", async () => {
  const [header, ...lines] = ownLines({arms: ["G", "D"], widths: [3, 3]});
  const {layers, ...more} = JSON.parse(header);
  const others = layers.map((layer, index) => ({...layer, name: index ? layer.name : "first"}));
  const {recording} = await read(textOf([JSON.stringify({...more, layers, arm_layers: {D: others}}), ...lines]));
  const {view} = scene(recording, {layer: 1});
  assert.equal(layerName(view), 'G: module "blocks.0.fc"; D: module "first"');
  assert.equal(layerName(view, 1, "D"), 'module "first"');
  assert.equal(layerName(view, 2), 'module "blocks.1.fc"');
  assert.equal(shortSignalName(view, "normalized"), "z, normalized"); // an axis has no room for two names
  assert.equal(shortSignalName({...view, layer: 2}, "activation"), 'a of module "blocks.1.fc"');
  const ridges = scene(recording).data.panels.find(({id}) => id === "ridges");
  assert.deepEqual([ridges.layout.xaxis.title.text, story.captions.signal({...view, tap: "linear"})], ["{signal}", "z"]);
  const named = story.headline(view).match(/(?<=D: module ")[^"]*/)?.[0];
  assert.ok(["first", "blocks.1.fc"].includes(named ?? ""), story.headline(view));
});

test("a layer's kind is told once, and for each arm where arms differ", async () => {
  const layer = {name: "1", kind: "BatchNorm1d", normalizer: "BatchNorm1d", width: 6, units: [0, 2, 4], values: 40};
  const kindIn = async (more) => {
    const [header, ...lines] = ownLines({arms: ["bn", "gn"], widths: [3], layers: [layer], ...more});
    const {recording} = await read(textOf([header, ...lines]));
    return layerKind(scene(recording).view, 1);
  };
  assert.match(await kindIn({}), /^BatchNorm1d, [^,]*3[^,]*6[^,]*$/);
  const told = await kindIn({arm_layers: {gn: [{...layer, kind: "GroupNorm", normalizer: "GroupNorm"}]}});
  assert.match(told, /3.*6.*; .*bn.*BatchNorm1d; .*gn.*GroupNorm$/);
  const {recording} = await read(textOf(ownLines({arms: ["bn", "gn"], widths: [3], arm_layers: {gn: []}})));
  assert.equal(recording.header, null);
});

test("what is damaged ends it there", async () => {
  const lines = ownLines({snapshots: 6});
  const damages = [
    (line) => line.slice(0, -30),
    (line) => line.replace('"step":20', '"step":3'),
    (line) => line.replace('"f4"', '"f5"'),
    (line) => line.replace(/"shape":"2, 8"/, '"shape":"1, 16"'),
    (line) => line.replace('"arms":{"model"', '"arms":{"other"'),
    () => "[]",
    () => '{"type":"snapshot","step":20,"arms":[]}',
    () => `{"type":"snapshot","step":20,"arms":${"[".repeat(9000)}`,
  ];
  for (const damage of damages) {
    const text = textOf(lines.map((line, index) => (index === 3 ? damage(line) : line)));
    const {recording, notices} = await read(text);
    const kept = text.includes("\n[]\n") ? 5 : 2; // a line of another kind is passed over
    assert.equal(recording.frames.length, kept, `${damage}`);
    if (kept === 2) assert.deepEqual(notices, [["damaged", {line: 4}]], `${damage}`);
  }
});

test("what is no recording gets a sentence", async () => {
  const [header, ...frames] = ownLines({});
  const withHeader = (change) => textOf([JSON.stringify({...JSON.parse(header), ...change}), ...frames]);
  const edges = (values) => ({edges: Object.fromEntries(["linear", "normalized", "activation"].map((tap) => [tap, values]))});
  const cases = [
    ["", "empty"],
    ["a,b\n1,2\n", "foreign"],
    ["{}\n", "foreign"],
    ["null\n", "foreign"],
    ["\u0000\u0001\n", "foreign"],
    [withHeader({format: 9}), "other_format"],
    [withHeader({sweep: {}}), "sweep"],
    ...Object.entries({
      ...{arms: [], hidden_layers: 65, taps: ["loss"], probe_size: -1, watched_units: [-1], percentiles: [1], total_steps: "x"},
      ...{layers: [{name: 1}]},
    }).map(([name, value]) => [withHeader({[name]: value}), "bad_header"]),
    [withHeader({arms: ["a", "a"]}), "bad_header"],
    [withHeader({arms: ["a", "b", "c", "d", "e"]}), "bad_header"],
    [withHeader(edges([1, 1, 2])), "bad_header"],
    [withHeader(edges([[0, 1]])), "bad_header"],
    [withHeader({edges: {}}), "bad_header"],
    [withHeader({layers: null, experiment: {width: 8}, probe_size: null}), "bad_header"], // the lab knows its probe
  ];
  for (const [text, key] of cases) {
    await assert.rejects(readHeader(sourceOf(text)), {key}, text.slice(0, 300));
    assert.ok(WORDS.page.errors[key], key);
  }
  await assert.rejects(readHeader({name: "x", open: async () => streamOf("")}), {key: "empty"});
});

test("names of somebody's own cannot become marks of ours", async () => {
  const lines = ownLines({arms: ["<a href='//x'>a</a>", "b"], widths: [2, 2]});
  const text = textOf(lines).replaceAll("blocks.0.fc", "[[none:x]] {tap} <b>");
  const {recording} = await read(text);
  const {data, view} = scene(recording);
  const names = [...Object.values(data.arms).map(({name}) => name), filler(view)("{layer}")].join();
  assert.doesNotMatch(names, /[<>{}]|\[\[/);
});

test("of a long recording as many snapshots are kept as there is memory for, the first and the last among them", async () => {
  const lines = ownLines({snapshots: 200, every: 1});
  const size = lines[1].length;
  const {recording, notices} = await read(textOf(lines), {memory: 30 * size * 0.75});
  const steps = recording.frames.map(({step}) => step);
  assert.ok(steps.length > 14 && steps.length <= 31, String(steps.length));
  assert.deepEqual([steps[0], steps.at(-1)], [0, 199]);
  const gaps = new Set(steps.slice(1, -1).map((step, index) => step - steps[index]));
  assert.deepEqual([...gaps], [notices.at(-1)[1].stride]);
  assert.equal(recording.end.status, "finished");
});

test("a growing file is followed from where it was left, and its end ends it", async () => {
  const lines = ownLines({snapshots: 5});
  const opened = [];
  const open = async (from) => {
    opened.push(from);
    assert.ok(opened.length < 9, "it asks again and again");
    if (opened.length === 2) throw new TypeError("the server is away");
    return streamOf(textOf(lines.slice(from, opened.length === 1 ? 3 : lines.length)));
  };
  const {recording} = await read("", {source: {name: "x", open, resumes: true}});
  assert.deepEqual(opened, [0, 3, 3]);
  assert.deepEqual(
    recording.frames.map(({step}) => step),
    [0, 10, 20, 30, 40],
  );
  assert.equal(recording.end.status, "finished");
});

test("a growing file that is written anew, or cut off, is read no further", async () => {
  const lines = ownLines({snapshots: 5});
  const other = lines.map((line) => line.replace("0123456789abcdef", "fedcba9876543210"));
  let opened = 0;
  const anew = async () => {
    if (!opened++) return streamOf(textOf(lines.slice(0, 3)));
    throw new Unreadable(opened === 2 ? "unreachable" : "anew"); // it was away in between
  };
  const followed = await read("", {source: {name: "x", open: anew, resumes: true}});
  assert.deepEqual([followed.read, followed.recording.end, opened], [null, null, 3]);
  const replaced = await read("", {source: {name: "x", open: async () => streamOf(textOf(other)), resumes: true}});
  assert.deepEqual([replaced.read, replaced.recording.frames], [null, []]);
  assert.equal((await read(textOf(other))).read, 7); // of a file it was just opened
});

test("a file that has ended is looked at until it is written anew", async () => {
  const {recording, read: count} = await read(textOf(ownLines({snapshots: 5})));
  const asked = [];
  const open = async (from) => {
    asked.push(from);
    if (asked.length === 2) throw new Unreadable("unreachable");
    if (asked.length === 4) throw new Unreadable("anew");
    return streamOf("");
  };
  await rewritten(recording, {name: "x", open, resumes: true}, count, host([]));
  assert.deepEqual(asked, [7, 7, 7, 7]);
  recording.close();
  await rewritten(recording, {name: "x", open, resumes: true}, count, host([]));
  assert.equal(asked.length, 4);
});

test("links name layer, signal, unit and step; nonsense in them is passed over", () => {
  const header = {taps: ["linear", "activation"]};
  const place = (query) => viewIn(new URLSearchParams(query), header);
  assert.deepEqual(place("layer=3&tap=linear&unit=2&step=40"), {
    step: 40,
    layer: 3,
    tap: "linear",
    unit: 2,
    target: null,
    motion: null,
    charts: null,
    time: null,
    tour: null,
  });
  assert.deepEqual(place("layer=x&tap=normalized&unit=-1&step=1e5"), {
    step: null,
    layer: 1,
    tap: "activation",
    unit: null,
    target: null,
    motion: null,
    charts: null,
    time: null,
    tour: null,
  });
});

test("another recording has no place of the one before, and keeps the rest of the address", () => {
  const href = "http://lab/own?example=table&layer=3&tap=linear&unit=2&step=40#top";
  assert.equal(withoutPlace(href), "http://lab/own?example=table#top");
});

const GAP = {
  ...{
    kind: "evaluation_gap",
    arm: "model",
    layer: "blocks.1.fc",
    step: 40,
    certainty: "likely",
    cause: "cold",
    severity: "warning",
  },
  numbers: {
    ...{measure: "accuracy", evaluation: "10 %", training: "84 %", recomputed: "They mend it.", error: "3", spread: "2"},
    ...{updates: "150", kept: "86 %", together: "2", update: "0.01"},
  },
  sentence: "As it was said.",
};

/** The findings of a recording whose end line has these. */
/** The end of a recording without findings, whose end line gives these reasons. */
async function ended(reasons) {
  const lines = ownLines({snapshots: 2});
  const end = JSON.stringify({...JSON.parse(lines.pop()), findings: [], not_looked_for: reasons});
  return (await read(textOf([...lines, end]))).recording.end;
}

async function found(findings, options = {}) {
  const lines = ownLines({snapshots: 5, ...options});
  const end = JSON.stringify({...JSON.parse(lines.pop()), findings});
  const {recording} = await read(textOf([...lines, end]));
  return {findings: recording.end.findings, header: recording.header};
}

test("findings are those of the end line, in the judges' own words, with their layer and chart", async () => {
  const {findings, header} = await found([GAP, {...GAP, kind: "gradients_change", layer: "blocks.0.fc.weight", step: 20}]);
  const {measured, meaning, remedy} = wordsOf(findings[0], WORDS.judge);
  assert.match(
    measured,
    /^At step 40, the accuracy on the probe is 10 % in evaluation and 84 % with statistics as in training\. They mend it\.$/,
  );
  assert.match(
    meaning,
    /^Running statistics have had too few updates .* 150 updates, 86 % .* module "blocks\.1\.fc"\. This is likely\.$/,
  );
  assert.match(remedy, /momentum/);
  assert.deepEqual(
    findings.map((one) => [layerOf(one, header), one.step, chartOf(one)]),
    [
      [2, 40, "learning"],
      [1, 20, "gradients"],
    ],
  );
});

test("a finding that this release cannot word is said as it was recorded; hostile ones break nothing", async () => {
  const {findings, header} = await found([
    ...[
      {...GAP, kind: "of_tomorrow"},
      {...GAP, numbers: {}},
      {...GAP, kind: "constructor"},
      {...GAP, certainty: "sure"},
    ],
    ...[{kind: "<b>", layer: 7, step: "x", numbers: 3, sentence: ["a"]}, null, 5, "x"],
  ]);
  assert.deepEqual(
    findings.map((one) => wordsOf(one, WORDS.judge).measured),
    [...Array(4).fill("As it was said."), "‹b›"],
  );
  assert.deepEqual([findings[4].step, layerOf(findings[4], header)], [null, null]);
});

test("what was looked for leaves out what was not recorded, and says why, as bnviz check does", async () => {
  const {all, missing} = lookedFor(
    (await ended({loss_rose: "loss", updates: "updates", evaluation_gap: "loss"})).not_looked_for,
    WORDS.judge,
  );
  const words = WORDS.judge.looked_for;
  assert.equal(
    missing,
    `Not looked for: ${words.loss_rose}; ${words.evaluation_gap}, because the loss on the probe was not recorded. ` +
      `Not looked for: ${words.updates}, because no step of a weight was recorded.`,
  );
  const rest = Object.keys(words).filter((name) => !["loss_rose", "updates", "evaluation_gap"].includes(name));
  assert.equal(all, rest.map((name) => words[name]).join("; "));
});

test("reasons of tomorrow, hostile ones and none leave the list whole", async () => {
  const everything = Object.values(WORDS.judge.looked_for).join("; ");
  for (const reasons of [undefined, null, 5, "x", [1], {constructor: "loss"}, {of_tomorrow: "loss"}, {loss_rose: 7}]) {
    const end = await ended(reasons);
    assert.deepEqual(lookedFor(end.not_looked_for, WORDS.judge), {all: everything, missing: ""});
  }
  const tomorrow = lookedFor({loss_rose: "of_tomorrow", updates: "toString"}, WORDS.judge);
  assert.ok(tomorrow.missing === "" && !tomorrow.all.includes(WORDS.judge.looked_for.loss_rose));
});

test("a finding's button goes to the snapshot of its sentence, or to the next one, and names that", async () => {
  const lasting = {...GAP, step: 0, numbers: {last: 40, many: "since step 0"}};
  const {findings} = await found([{...GAP, step: 31}, lasting, {...GAP, step: 20}, {...GAP, step: 99}, {...GAP, step: null}]);
  const frames = [0, 10, 20, 30, 40].map((step) => ({step}));
  assert.deepEqual(
    findings.map((one) => shownStep(one, frames)),
    [40, 40, 20, 40, 0],
  );
});

test("a call of a module that is used twice is the layer that is shown", async () => {
  const {findings, header} = await found([{...GAP, layer: "blocks.0.fc (call 2)"}]);
  const again = {...header, layers: [header.layers[0], {...header.layers[0], repeat: 1}]};
  assert.equal(layerOf(findings[0], again), 2);
});

test("no findings are told from nobody having looked, and from an end that is not there yet", async () => {
  assert.deepEqual((await found([])).findings, []);
  assert.equal((await found(undefined)).findings, undefined);
  const lines = ownLines({snapshots: 3});
  const open = async (from) => streamOf(textOf(lines.slice(from, from ? lines.length : 3)));
  const {recording, notices} = await read("", {source: {name: "x", open, resumes: true}});
  assert.deepEqual([notices, recording.end.findings], [[["grows", {}]], undefined]);
});

test("the legend of what is learnt names each arm and each view once", async () => {
  const {recording} = await read(textOf(ownLines({arms: ["a", "b", "c", "d"], snapshots: 2})));
  const {data, view} = scene(recording);
  const {data: traces, layout} = data.panels.find(({id}) => id === "learning");
  const named = traces.filter(({showlegend}) => showlegend);
  assert.deepEqual(
    named.map(({name}) => name),
    ["a", "b", "c", "d", "training minibatches", "probe, as in training", "probe, evaluation"],
  );
  assert.ok(named.every((trace) => drawn(fillTrace(trace, view)).length === 0));
  assert.ok(layout.margin.t >= 4 * 17); // four rows on a phone
});
