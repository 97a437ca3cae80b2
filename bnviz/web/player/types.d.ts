// What Python hands over, what the player shows, and what a lesson's story.js has to say of it.

import type {End, Header, Snapshot, Tap} from "./schema";

export type {ArmPart, End, Header, Message, Snapshot, Tap} from "./schema";

declare global {
  /** plotly.js, once it has arrived. */
  var Plotly: any;
}

// --- handed over by Python

/** One arm of a run in words: the normalizer's label ("batch norm"), its name in legends ("with batch norm"), its colour. */
export interface Arm {
  label: string;
  name: string;
  colour: string;
}

/** A name, a number, or an operator or function with its operands: ["/", ["-", "z", "mean"], "std"]. */
export type Formula = string | number | [string, ...Formula[]];

/** What a normalizer's formulas name that a recording holds: bnviz/normalizers/spec.py. */
export interface Quantity {
  part: string;
  symbol: string;
  /** Its name in `unit_examples`. */
  key: string;
  shape: "" | "layers" | "layers, watched" | "layers, parts, examples";
  sources: string[];
  decimals_of: string;
  row: string;
  origin: string;
  learns: boolean;
  /** What takes its place in evaluation. */
  running: {key: string; origin: string} | null;
}

/** How a normalizer computes: quantities, then one step after another from z to what enters the nonlinearity. */
export interface Normalizer {
  key: string;
  /** What enters the nonlinearity: "γẑ+β". */
  symbol: string;
  statistics: "batch" | "example" | "none";
  quantities: Quantity[];
  steps: {part: string; symbol: string; name: string; row: string; origin: string; formula: Formula}[];
  lead: string;
  note: string;
  evaluation: string;
}

/** Sentences with {braces}, by name. */
export type Catalogue = Record<string, string>;

/** All that the page hands to the player at each of its reruns. */
export interface Data {
  run: string;
  /** Where the recording is streamed from, relative to the page. */
  stream: string;
  /** How many snapshots the finished recording will have. */
  snapshots: number;
  /** How many epochs the whole run takes. */
  epochs: number;
  /** How many examples an epoch has. */
  examples: number;
  panels: PanelSpec[];
  /** What the address asks for; without a step it plays from the beginning, without a unit the player chooses one. */
  view: {
    step: number | null;
    layer: number;
    tap: Tap;
    unit: Unit | null;
    target: number;
    motion: Motion;
    tour: number | null;
    beside?: string | null;
    charts: Charts;
    time: Time | null;
  };
  /** The lesson's folder. */
  story: string;
  /** What the visitor expects: a key of `predictions`; null if nothing has been chosen. */
  prediction: string | null;
  predictions: Record<string, string>;
  /** Whether the page waits for the visitor's guess, so that nothing may be shown that answers. */
  waiting: boolean;
  arms: Record<string, Arm>;
  /** What may normalize the run's arms, by its name in recordings. */
  normalizers: Record<string, Normalizer>;
  /** The lesson's sentences. */
  words: Catalogue;
  /** Those of its tour. */
  tour: Catalogue;
  /** The player's own. */
  shared: Catalogue;
  /** What belongs to the data set, such as `held_out`: "test images"; `tested` are those of accuracies, "1,000 test images". */
  data: Record<string, string> & {held_out: string; tested: string};
  /** Every field of the experiment. */
  experiment: Record<string, any>;
  /** The page's default, as far as a teacher's link has not locked other values. */
  usual: Record<string, any>;
  /** Settings that a teacher's link has locked, by name. */
  locks: string[];
  /** What people call the settings, by their names in links. */
  labels: Record<string, string>;
  /** Where the tour's last card leads: titles by address. */
  onward: Record<string, string>;
  /** What changes on the way, by step. */
  changes: Change[];
  /** Runs that this visitor has seen before, the newest last: up to which step this one is the same, and how they differ. */
  before: ({run: string; step: number} & Contrast)[];
  /** A run to be compared with this one, how it differs, and how often one has been chosen on the page. */
  beside: ({run: string; stream: string; query: string; times?: number} & Contrast) | null;
  /** Whether this is a page that was saved as a file: there is no server for another run. */
  alone?: boolean;
  /** Inside another page: whether it shows the picture of the networks, and whether it shows nothing else. */
  embedded?: {picture: boolean; alone: boolean};
  /** Recorded lines from number `from` on, where the stream cannot be reached. */
  lines?: {run: string; from: number; lines: string[]};
}

/**
 * How another run differs from the one on show (`label`), the one on show from it (`own`), how many epochs it takes, and of how
 * many examples each.
 */
export interface Contrast {
  label: string;
  own: string;
  epochs?: number;
  examples?: number;
}

/** What a chart's lines are of: the solid ones, and the faint dotted ones. */
export interface ComparisonLegend {
  own: string;
  other: string;
}

/** Something that changes on the way, and how it is called. */
export interface Change {
  step: number;
  name: string;
  label: string;
  /** What it was before, if it is a setting, which shows only what it comes to in the end. */
  before?: string;
}

/** What a visitor requests in the player: bnviz/web/site/live_edits.py answers with another experiment. */
export type Edit =
  | {do: "start"; step: number}
  | {do: "set"; step: number; name: string; value: string | number}
  | {do: "remove" | "from_start"; step: number; name: string}
  | {do: "move"; step: number; name: string; to: number}
  | {do: "scales"; value: "one" | "keep"}
  /** The page's default with these values. */
  | {do: "experiment"; values: Record<string, string | number>};

/** A component as Streamlit hands it to a module. */
export interface Component<D> {
  data: D;
  parentElement: HTMLElement;
  setStateValue(name: string, value: unknown): void;
  setTriggerValue(name: string, value: unknown): void;
  /** Begin with plotly.js, if that has not been done yet. */
  plotly(): void;
}

/** A Plotly trace; `feed` says what fills it from the recording, `table` its numbers, if they are not simply its x and y. */
export interface Trace {
  feed?: Feed;
  table?: Numbers[];
  [key: string]: unknown;
}

/** Which function of feeds.js or of the story fills a trace, and whatever else that function asks for. */
export interface Feed {
  kind: string;
  arm?: string;
  key?: string;
  [option: string]: any;
}

/** A Plotly axis; `fit` names the range that holds for the whole recording (fits.js or the story). */
export interface Axis {
  title: {text: string};
  range?: [number, number];
  fit?: string;
  /** Whether it counts steps, or examples seen where a visitor wants that. */
  time?: boolean;
  nticks?: number;
  [key: string]: any;
}

/** A panel as bnviz.web.figures makes it. Braces in title, caption and axis titles are captions' names. */
export interface PanelSpec {
  id: string;
  /** What links call it. */
  name?: string;
  title: string;
  caption: string;
  data: Trace[];
  layout: Record<string, any>;
  height: number;
  /** The most redraws a second; from 30 on the panel moves between snapshots, too. */
  rate: number;
  wide: boolean;
  /** Whether it asks the server, and so cannot be in a saved page. */
  asks?: boolean;
  /** Whether it is in front, or folded away below the others. */
  front?: boolean;
  /** The name of a control in the heading. */
  control?: string;
  /** What is measured, exactly: behind a button in the heading. */
  definition?: string;
  /** The text alternative, if it needs no view. */
  alternative?: string;
}

// --- numbers of a chart

export type Value = string | number;

/** Columns by name. Those with the same `key` are in one table, which has a row for each of the key's values `at`. */
export interface Numbers {
  key: string;
  at: Value[];
  columns: Record<string, (Value | null)[]>;
}

/** What a trace and its axes are called. */
export interface Titles {
  name: string;
  x: string;
  y: string;
}

/** What a trace says in a table. */
export type Tabulate<V = View> = (feed: any, view: V, titles: Titles) => Numbers[];

// --- what is on show

export type Unit = number | "pooled";

/**
 * What the picture of the networks shows the motion of: the distribution of a unit on the probe, with the probe's own statistics,
 * or what the same examples give within minibatches of training.
 */
export type Motion = "distribution" | "example";

/** The charts in front, or those that are folded away as well; null: not chosen. */
export type Charts = "front" | "all" | null;

/** What charts over time count; examples seen are counted in epochs. */
export type Time = "steps" | "epochs";

/** What is on show. It is made only when there is a snapshot to show; whatever is drawn or said is a function of it alone. */
export interface BaseView {
  run: string;
  header: Header;
  /** All snapshots that have arrived; never empty. */
  frames: Snapshot[];
  /** The one on show: frames[frameIndex]. */
  frame: Snapshot;
  frameIndex: number;
  /** How far playing has gone towards the next snapshot: 0…1. */
  blend: number;
  /** Whether the recording has its end line, so that no more snapshots will come. */
  ended: boolean;
  layer: number;
  tap: Tap;
  unit: Unit;
  /** The accuracy to reach. */
  target: number;
  /** What the picture shows the motion of; "distribution" where nothing else was recorded. */
  motion: Motion;
  charts: Charts;
  /** What the visitor wants charts over time to count; null: not chosen. */
  time: Time | null;
  /** All of what the visitor has chosen as one string: equal choices, equal strings. */
  choices: string;
  prediction: string | null;
  predictions: Record<string, string>;
  /** The arm that is compared with "none": header.arms[1]. */
  compared: string;
  /** Its label in words, "batch norm". */
  norm: string;
  arms: Record<string, Arm>;
  /** What may normalize the run's arms, by its name in recordings. */
  normalizers: Record<string, Normalizer>;
  words: Catalogue;
  shared: Catalogue;
  data: Record<string, string> & {held_out: string; tested: string};
  /** What changes on the way, by step. */
  changes: Change[];
  fits: Ranges;
  story: Story<any, any>;
  /** The state of the story's service; null if the story has none. */
  service: any;
  /** For words about charts: the comparison run, of which they draw all lines; null or absent if there is none. */
  comparison?: View | null;
  /** The highest that the arm's densities usually are. */
  tallest(arm: string): number;
  /** The highest value of the chosen signal in any histogram. */
  widest: number;
}

/** What is on show; `Own` are the story's own choices and their types, such as {level: number}. */
export type View<Own = {}> = BaseView & Own;

/** Axis ranges that hold for the whole recording. */
export interface Ranges {
  range(kind: string, view: View): [number, number] | null;
  tallest(arm: string, view: View): number;
}

// --- what a lesson's story.js exports

/** What fills a trace: Plotly's x, y, z, text, … */
export type FeedFunction<V = View> = (feed: any, view: V) => Record<string, unknown>;

/** The values of one snapshot and arm that an axis has to reach; what is not finite is passed over. */
export type Fit<V = View> = (frame: Snapshot, arm: string, view: V) => Iterable<number | null | undefined>;

/** The lowest and the highest that an axis may reach. */
export type Bound<V = View> = (view: V) => [number, number];

/** Says something of what is on show. */
export type Caption<V = View> = (view: V) => string;

/**
 * A lesson's story. Everything in it but `service` and `controls` is a pure function of the view. `Own` are its own choices,
 * `State` the state of its service.
 */
export interface Story<Own = {}, State = any> {
  headline: Caption<View<Own>>;
  /** The values of braces in titles, captions and axis titles. Each is called only if a text names it. */
  captions: Record<string, Caption<View<Own>>>;
  /**
   * Text alternatives of panels, by the panel's id or the part of it before the first hyphen; for a panel of lines over steps
   * there is one already.
   */
  alternatives: Record<string, (view: View<Own>, spec: PanelSpec) => string>;
  /** Holds the prediction against the run; null or "" if there is nothing to say. */
  answer?(view: View<Own>): string | null;
  /** Experiments that would answer what the words leave open: other values of settings, and what the button says. */
  offers?(view: View<Own>): {text: string; values: Record<string, string | number>}[];
  /** What the run on show and the one before, at its end, say together; null while that is nothing. */
  conclusion?(view: View<Own>, before: View<Own> | null): string | null;
  feeds?: Record<string, FeedFunction<View<Own>>>;
  /** What feeds say in a table, where it is not simply the x and y that they draw. */
  tables?: Record<string, Tabulate<View<Own>>>;
  fits?: Record<string, Fit<View<Own>>>;
  bounds?: Record<string, Bound<View<Own>>>;
  /** What the scores in the picture of the networks are of, if it is not plain: a few words below the numbers. */
  scored?: Caption<View<Own>>;
  /** By how much a unit moves (0: not at all), so that one of middling movement is shown first. */
  movement?(frames: Snapshot[], layer: number, unit: number, header: Header): number;
  /** A tour over the page, card by card. */
  tour?: Card<any>[];
  /** How the networks are drawn above the panels: "small" if left out. */
  picture?: "small" | "large";
  /** How many of the first snapshots `movement` has to see. */
  unitChoiceSnapshots?: number;
  /** What the chooser calls a signal, if not as the lab does. */
  signal?(view: View<Own>, tap: Tap): string;
  /** Axis ranges that are computed from the view alone, by the name that the axis gives as its `fit`. */
  ranges?: Record<string, Bound<View<Own>>>;
  /** Which of layer, signal and unit people may choose; all three if left out. */
  choosers?: ("layer" | "signal" | "unit")[];
  /** Whether the arithmetic of the unit on show is below the first two panels, in its own numbers. */
  numbers?: boolean;
  /** The story's own choices as they are at first. */
  choices?: Own;
  /** Controls in headings of panels, by the name that the panel's `control` says. */
  controls?: Record<string, (player: ControlHost<Own, State>, make: Make) => Control<Own>>;
  service?(host: ServiceHost<Own>): Service<Own, State>;
}

/** The only place for side effects: fetching, remembering. The player makes one for itself. */
export interface Service<Own = {}, State = any> {
  /** Called once whenever what is on show has changed, before it is drawn. */
  follow(view: View<Own>): void;
  /** What feeds and captions find as `view.service`. */
  readonly state: State;
  close?(): void;
}

/** What a service may ask of its player. */
export interface ServiceHost<Own = {}> {
  /** `service.state` has changed: draw this panel and say all words again. */
  redraw(panelId: string): void;
  choose(change: Partial<Choice & Own>): void;
}

/** What a control may ask of the player. */
export interface ControlHost<Own = {}, State = any> {
  choose(change: Partial<Choice & Own>): void;
  readonly choice: Choice & Own;
  readonly service: Service<Own, State> | null;
  /** The player's own words. */
  text(key: string, values?: Values): string;
  /** The lesson's words. */
  words: Catalogue;
  /** Ask the page for another run. */
  edit(edit: Edit): void;
  readonly data: Pick<Data, "usual" | "locks">;
}

/** A control: an element, or one that is told when what is on show has changed. */
export type Control<Own = {}> = HTMLElement | {element: HTMLElement; show(view: View<Own>): void};

/** Makes an element: attributes named on… are listeners. */
export type Make = <Name extends keyof HTMLElementTagNameMap>(
  tag: Name,
  attributes?: Record<string, any>,
  ...children: (Node | string)[]
) => HTMLElementTagNameMap[Name];

/** What every visitor may choose on every page. */
export interface Choice {
  layer: number;
  tap: Tap;
  unit: Unit | "auto";
  target: number;
  motion: Motion;
  charts: Charts;
  time: Time | null;
}

// --- a tour

/** What a card points at: layers of the picture of the networks, what they put out, a panel, or one unit's own numbers. */
export type Part = {layers: [number, number]} | {scores: true} | {panel: string} | {numbers: true};

/** A measure that a card speaks of: its name, and what it is in each of the arms that have it. */
export interface Reading {
  name: string;
  values: Record<string, string>;
}

/** What was measured, as a sentence, and which of the guesses is so here; null if none of them can be judged. */
export interface CardOutcome {
  text: string;
  correctGuess: string | null;
}

/**
 * A card of a tour. Of the sentences of the catalogue's table `tour`, those that begin with its name are its own: NAME_title,
 * NAME_text, and for each guess NAME_guess_GUESS.
 */
export interface Card<Words> {
  name: string;
  /** The experiment: the page's default but for these fields. */
  values: Record<string, string | number>;
  /** What is on show; layer 2 and its output if left out. */
  choice?: Partial<Choice>;
  /** Whether what layer 3 does not see is hidden. */
  curtain?: boolean;
  /** Whether only the network without the normalizer is shown, because a later card asks about the other one. */
  alone?: boolean;
  part: Part;
  /** What it points at while it asks for a guess, when charts are away; its `part` if left out. */
  questionPart?: Part;
  /** It plays from step `from`, or continues from its place if that is later (`again`: never). It is measured at `due`. */
  from: number;
  again?: boolean;
  due: number;
  guesses?: string[];
  /** What it measures: shown at what it points at, so that each number it speaks of can be seen there. */
  readings?(view: View, say: TourSay<Words>): Reading[];
  /** The values of the braces of its text. */
  details?(choice: Choice): Values;
  outcome(view: View, say: TourSay<Words>): CardOutcome;
}

/** A sentence of the tour's, typed as `Say` types those of the story. */
export type TourSay<Words> = <Key extends keyof Words & string>(
  key: Key,
  ...values: keyof Words[Key] extends never ? [] : [values: {[Name in keyof Words[Key]]: string | number}]
) => string;

// --- words

export type Values = Record<string, string | number>;

/**
 * `say` of words.js for a lesson whose generated words.d.ts says which sentences there are and what their braces are called:
 * `const say = anySay;`, with the type `import("../../web/player/types").Say<import("./words").Words>` in the comment above it.
 */
export type Say<Words> = <Key extends keyof Words & string>(
  view: {words: Catalogue; shared: Catalogue},
  key: Key,
  ...values: keyof Words[Key] extends never ? [] : [values: {[Name in keyof Words[Key]]: string | number}]
) => string;
