// @ts-check
// Words that every lesson needs: sentences from the catalogue, and how arms, layers, units and numbers are called.

import {feeds} from "./feeds.js";
import {digits} from "./numerals.js";

export * from "./numerals.js";

/** @import {Caption, Catalogue, PanelSpec, Say, Snapshot, Story, Tap, Values, View} from "./types" */

// --- sentences

/**
 * The sentence `key` of `catalogue`, its braces filled in; throws if there is no such sentence, or no value for a brace.
 * @param {Catalogue} catalogue
 * @param {string} key
 * @param {Values} [values]
 */
export function sentence(catalogue, key, values = {}) {
  if (!Object.hasOwn(catalogue, key)) throw new Error(`there is no sentence "${key}"`);
  const [first, ...others] = catalogue[key].split(/\{(\w+)\}/);
  const parts = others.map((text, index) => {
    if (index % 2) return agreeing(values[others[index - 1]], text);
    if (!Object.hasOwn(values, text)) throw new Error(`the sentence "${key}" lacks {${text}}`);
    return String(values[text]);
  });
  return first + parts.join("");
}

const PLURAL = new RegExp(
  "^( (?:hidden |test |training )?)(steps|runs|seeds|snapshots|epochs|minibatches|layers|units|networks|points|lines|examples|" +
    "rows|seconds|groups|recordings|measurements|comparisons)\\b",
);

/**
 * What follows on a number, with its first noun in the singular if the number is 1: sentences are written in the plural.
 * (As in bnviz/plural.py.)
 * @param {unknown} number
 * @param {string} text
 */
export const agreeing = (number, text) =>
  String(number) === "1" ? text.replace(PLURAL, (_, gap, noun) => gap + noun.replace(/(?<=ch)es$|s$/, "")) : text;

/**
 * A sentence as `sentence` makes it. Where one cannot be made, a page shows its key and complains in the console; without a page,
 * in tests, it throws.
 * @param {Catalogue} catalogue
 * @param {string} key
 * @param {Values} [values]
 */
export function sentenceOrKey(catalogue, key, values) {
  try {
    return sentence(catalogue, key, values);
  } catch (error) {
    if (!("document" in globalThis)) throw error;
    console.error(error);
    return key;
  }
}

/** A sentence of the lesson. @type {Say<any>} */
export const say = (view, key, values) => sentenceOrKey(view.words, key, values);

/**
 * A sentence of the player's own.
 * @param {{shared: Catalogue}} view
 * @param {string} key
 * @param {Values} [values]
 */
export const playerText = (view, key, values) => sentenceOrKey(view.shared, key, values);

/**
 * `text` in an arm's colour, where a headline is shown.
 * @param {string} arm
 * @param {string} text
 */
export const inColour = (arm, text) => `[[${arm}:${text}]]`;

/**
 * A text in pieces, each with the arm whose colour it has.
 * @param {string} text
 * @returns {{arm: string | null, text: string}[]}
 */
export function pieces(text) {
  const parts = text.split(/\[\[([\w-]+):(.*?)\]\]/); // plain, arm, its text, plain, …
  const list = [];
  for (let index = 0; index < parts.length; index += 3) {
    if (parts[index]) list.push({arm: null, text: parts[index]});
    if (index + 2 < parts.length) list.push({arm: parts[index + 1], text: parts[index + 2]});
  }
  return list;
}

// --- numbers

/**
 * A measure [layers] of the chosen signal, at the chosen layer.
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {string} key
 * @param {View} view
 * @param {Tap} [tap]
 */
export const at = (frame, arm, key, view, tap = view.tap) => /** @type {any} */ (frame.arms[arm])[key][tap][view.layer - 1];

// --- phrases

/**
 * One sentence after another; what is empty is left out.
 * @param {(string | false | null | undefined)[]} parts
 */
export const joinSentences = (...parts) => parts.filter(Boolean).join(" ");

/**
 * A list as it is read, with the lesson's own "and" before the last item.
 * @param {View} view
 * @param {string[]} items
 */
export function enumeration(view, items) {
  if (items.length < 2) return items.join("");
  return say(view, "and", {most: items.slice(0, -1).join(", "), last: items[items.length - 1]});
}

/**
 * A sentence as a part of another one.
 * @param {string} text
 */
export const withoutFullStop = (text) => text.replace(/\.$/, "");

// --- names

/**
 * The two arms that are compared.
 * @param {View} view
 * @returns {[string, string]}
 */
export const bothArms = (view) => ["none", view.compared];

/**
 * A number, or whatever else, for each of the two arms.
 * @template T
 * @param {View} view
 * @param {(arm: string) => T} value
 */
export const armPair = (view, value) => ({plain: value("none"), compared: value(view.compared)});

/**
 * One phrase for both of them. For one that has diverged it says only that.
 * @param {View} view
 * @param {(arm: string) => string} phrase
 */
export function both(view, phrase) {
  const {norm} = view;
  const [none, compared] = bothArms(view).map((arm) => divergenceStep(view, arm));
  if (none !== null && compared !== null) return playerText(view, "both_gone");
  if (none !== null) return playerText(view, "both_none_gone", {norm, compared: phrase(view.compared), step: none});
  if (compared !== null) return playerText(view, "both_compared_gone", {norm, none: phrase("none"), step: compared});
  return playerText(view, "both", {norm, none: phrase("none"), compared: phrase(view.compared)});
}

/**
 * What enters the nonlinearity of the compared arm, as its normalizer writes it: γẑ+β.
 * @param {View} view
 */
export const normalizedSymbol = ({normalizers, compared}) => normalizers[compared]?.symbol ?? "z";

/**
 * A signal as the lecture writes it: z, γẑ+β or a, with the layer in brackets.
 * @param {View} view
 * @param {Tap} [tap]
 * @param {number} [layer]
 */
export function tapName(view, tap = view.tap, layer = view.layer) {
  if (tap === "normalized") return playerText(view, "normalized_of", {layer, symbol: normalizedSymbol(view)});
  return `${tap === "linear" ? "z" : "a"}[${layer}]`;
}

/**
 * @param {View} view
 * @param {number | "pooled"} [unit]
 */
export function unitName(view, unit = view.unit) {
  return unit === "pooled" ? playerText(view, "pooled") : playerText(view, "this_unit", {number: unit + 1});
}

/**
 * The values of braces in titles, captions and axis titles on every page; a story adds its own.
 * @type {Record<string, Caption<View>>}
 */
export const names = {
  tap: (view) => tapName(view),
  tapname: (view) =>
    ({
      linear: "z",
      normalized: playerText(view, "normalized_or_plain", {norm: view.norm, symbol: normalizedSymbol(view)}),
      activation: "a",
    })[view.tap],
  layer: (view) => playerText(view, "this_layer", {number: view.layer}),
  unit: (view) => unitName(view),
  thick: (view) => (view.unit === "pooled" ? "" : ` ${playerText(view, "thick", {unit: unitName(view)})}`),
  norm: (view) => view.norm,
  held_out: (view) => view.data.held_out,
};

/**
 * Fills the braces of texts from the story's captions and from `names`; each is called once at most. Other braces stay.
 * @param {View} view
 * @returns {(text: string) => string}
 */
export function filler(view) {
  /** @type {Map<string, string>} */
  const texts = new Map();
  const value = (/** @type {string} */ brace, /** @type {string} */ name) => {
    const caption = view.story.captions[name] ?? names[name];
    if (!caption) return brace;
    if (!texts.has(name)) texts.set(name, caption(view));
    return /** @type {string} */ (texts.get(name));
  };
  return (text) => text.replace(/\{(\w+)\}/g, value);
}

/**
 * A caption of a chart with lines of two runs: what it says of the one on show, and what of the comparison run, if there is one.
 * @param {Caption} caption
 * @returns {Caption}
 */
export const ofBothRuns = (caption) => (view) => {
  const {comparison} = view;
  if (!comparison) return caption(view);
  return playerText(view, "both_lines", {solid: caption(view), dotted: caption(comparison)});
};

/**
 * The story's function for the text alternative of a panel: under its id, or under the part before the first hyphen.
 * @param {Story<any, any>} story
 * @param {PanelSpec} spec
 */
export const alternativeOf = (story, spec) => story.alternatives[spec.id] ?? story.alternatives[spec.id.split("-")[0]];

/** Feeds that draw one number of an arm over steps. */
const LINES = ["scalar", "layer", "series"];

/**
 * The text alternative of a panel of lines over steps: the last value of both arms.
 * @param {View<any>} view
 * @param {PanelSpec} spec
 */
export function lastValues(view, spec) {
  const feed = spec.data.map((trace) => trace.feed).find((one) => one && LINES.includes(one.kind));
  if (!feed) throw new Error(`the panel "${spec.id}" has no text alternative`);
  const {layer: _, ...chosen} = feed; // of the chosen layer
  return both(view, (arm) => digits(/** @type {any} */ (feeds[feed.kind]({...chosen, arm}, view)).y.at(-1)));
}

/**
 * What a panel shows, in current numbers, for those who do not see it.
 * @param {PanelSpec} spec
 * @param {string} title
 * @param {View} view
 */
export function alternative(spec, title, view) {
  const text = (alternativeOf(view.story, spec) ?? lastValues)(view, spec).replace(/[.…]$/, "");
  return playerText(view, "alternative", {title, step: view.frame.step, text});
}

// --- how it goes

/**
 * Whether the data set has classes, and so accuracies and probabilities.
 * @param {View} view
 */
export const hasClasses = (view) => view.frames[0].arms.none.test_accuracy !== null;

/**
 * @param {Snapshot} frame
 * @param {string} arm
 */
export function hasDiverged(frame, arm) {
  if (frame.arms[arm].diverged_at !== undefined) return true;
  return [frame.arms[arm].train_loss, frame.arms[arm].probe_loss].some((loss) => !Number.isFinite(loss));
}

/**
 * The first step whose loss was no finite number, if an arm has diverged by the step on show; else null. Recordings from before
 * snapshots held it have the step of the first snapshot that shows it.
 * @param {View} view
 * @param {string} arm
 */
export function divergenceStep(view, arm) {
  if (!hasDiverged(view.frame, arm)) return null; // a loss that is not finite does not become finite again
  return view.frame.arms[arm].diverged_at ?? view.frames.find((frame) => hasDiverged(frame, arm))?.step ?? null;
}

/**
 * That an arm has diverged, in a sentence; "" if it has not.
 * @param {View} view
 * @param {string} arm
 */
export function divergenceSentence(view, arm) {
  const step = divergenceStep(view, arm);
  return step === null ? "" : playerText(view, "gone", {arm: view.arms[arm].name, step});
}

/**
 * Which of some arms have diverged, a sentence each; "" if none has.
 * @param {View} view
 * @param {string[]} [arms]
 */
export const divergenceSentences = (view, arms = bothArms(view)) =>
  arms
    .map((arm) => divergenceSentence(view, arm))
    .filter(Boolean)
    .join(" ");

/**
 * To learn is to go 15 % of the way from chance to 1, or another share of it. Where there is no accuracy, it is the way from the
 * first loss to 0.
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {View} view
 * @param {number} [share]
 */
export function learns(frame, arm, view, share = 0.15) {
  const {test_accuracy: accuracy, probe_loss: loss} = frame.arms[arm];
  if (accuracy === null) return loss !== null && loss < (1 - share) * Number(view.frames[0].arms[arm].probe_loss);
  const chance = 1 / view.header.classes;
  return accuracy > chance + share * (1 - chance);
}

const CLEARLY_LEARNT = 0.3; // of the way: what is less may come and go by chance

/**
 * The last snapshot at which an arm had clearly learnt something that is lost at the one on show; undefined if there is none.
 * @param {View} view
 * @param {string} arm
 */
export function lastLearnt(view, arm) {
  if (learns(view.frame, arm, view)) return undefined;
  return view.frames.slice(0, view.frameIndex).findLast((frame) => learns(frame, arm, view, CLEARLY_LEARNT));
}
