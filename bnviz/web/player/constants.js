// @ts-check
// Made by `make documents` from bnviz/web/constants.py and bnviz/numerals.py: change that and make it again.

export const NARROW_PICTURE = 640; // below this width, in pixels, everything is smaller
export const MIN_COLUMN_WIDTH = 40; // pixels
export const ZEROS_WIDTH = 0.11; // of a histogram's box: the bar of values that are exactly 0
export const PASSED_HEIGHT = 18; // of the number between two layers, in pixels
export const TALL_HISTOGRAM = 0.72; // of a histogram's box: how high a tall one is
export const MIN_LINE_OPACITY = 0.12; // of the lines of a layer that hardly changes
export const TARGET_ACCURACY = 0.75; // the one whose step a page looks for, until the visitor chooses another
export const RECENT_SNAPSHOTS = 5; // scores and shares are averaged over so many: single ones jump about
export const OUTLIER_RATIO = 10; // so many times farther than another network, a network flies apart
export const TYPICAL_MOTION = 0.1; // in σ; to move that far from one snapshot to the next is nothing unusual
export const UNIT_STEP_PARTS = 16; // of its layer's step that `unit_example_step` is counted in
export const VISIBLE_SHARE = 0.004; // a bin with a smaller share of the values does not widen an axis
export const DIVERGED_REACH = 3; // an axis goes at most so many times as far as a network reaches that has not diverged
export const HUGE_NUMBER = 1000000; // from here on the power of ten says more than the digits
export const TINY_NUMBER = 0.000001; // less is rounding, and would be written with a power of ten
export const LOSS_PLACES = 3; // after the point
export const LARGEST_RATIO = 1000; // times; what is more is only called that
export const ACCURACY_LEAD = 3; // percentage points, two standard errors of 80 % on 1,000 examples: less is no lead
