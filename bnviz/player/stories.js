// The stories: one module a page, chosen by the page (bnviz.player.mount). Each has `headline(view)`, `words(view)` for the braces in
// captions, and `alternatives`, a text for every panel; `answer(view, prediction)` if the page asks for a prediction.

import liveShift from "./story-live-shift.js";

export const stories = {"live-shift": liveShift};
