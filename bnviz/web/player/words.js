// Words that every page needs: how layers, units and numbers are called.

export const percent = (share) => `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)}\u00a0%`;
export const sigmas = (value) => `${value.toPrecision(2)} σ`;
export const digits = (value, places = 2) => (Number.isFinite(value) ? value.toFixed(places) : "not finite");
export const times = (ratio) => `${ratio.toFixed(ratio < 10 ? 1 : 0)} times`;

// A measure [layers] of the chosen tap, at the chosen layer.
export const at = (frame, arm, key, view, tap = view.tap) => frame.arms[arm][key][tap][view.layer - 1];

// One phrase for both arms of the lecture.
export const both = (text) => `without batch norm ${text("none")}, with batch norm ${text("batch")}`;

// The chosen tap as the lecture writes it: z, γẑ+β or a, with the layer in brackets.
export function tapName(tap, layer) {
  return {linear: `z[${layer}]`, normalized: `γẑ+β of layer ${layer}`, activation: `a[${layer}]`}[tap];
}

export function unitName(unit) { return unit === "pooled" ? "all units pooled" : `unit ${Number(unit) + 1}`; }

// What the braces in titles and captions of panels stand for; a story adds its own.
export function names(view, story) {
  return {
    tap: tapName(view.tap, view.layer),
    tapname: {linear: "z", normalized: "γẑ+β (z itself without batch norm)", activation: "a"}[view.tap],
    layer: `layer ${view.layer}`,
    unit: unitName(view.unit),
    thick: view.unit === "pooled" ? "" : ` The thick line is ${unitName(view.unit)}.`,
    ...story.words(view),
  };
}

// What a panel shows, in current numbers, for those who do not see it.
export function alternative(spec, title, view, story) {
  const text = story.alternatives[spec.id] ?? story.alternatives[spec.id.split("-")[0]];
  return `${title}, step ${view.frames[view.shown].step}: ${text(view, spec)}.`;
}

export function diverged(frame, arm) {
  return [frame.arms[arm].train_loss, frame.arms[arm].probe_loss].some((loss) => !Number.isFinite(loss));
}

// To learn is to go 15 % of the way from chance to 1, or, where there is no accuracy, of the way from the first loss to 0.
export function learns(frame, arm, view) {
  if (frame.arms[arm].test_accuracy === null) return frame.arms[arm].probe_loss < 0.85 * view.frames[0].arms[arm].probe_loss;
  const chance = 1 / view.header.classes;
  return frame.arms[arm].test_accuracy > chance + 0.15 * (1 - chance);
}
