// The stories: one module a page, chosen by the page (bnviz.player.mount). Each has
//   headline(view), words(view) for the braces in captions, alternatives: a text for every panel; and, if it needs them,
//   answer(view): a sentence that holds view.prediction against the run,
//   feeds, fits: drawings and axis ranges of its own, as in feeds.js and fits.js,
//   choices, controls: what people may choose on its panels, and the controls for it: name -> (player, make) => element.

import liveShift from "./story-live-shift.js";

export const stories = {"live-shift": liveShift};
