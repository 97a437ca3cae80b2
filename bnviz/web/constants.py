"""Numbers that Python's pictures of a run and those in the browser share.

`make documents` writes them to bnviz/web/player/constants.js: one line a constant here, with its comment.
"""

# The picture of the networks
NARROW_PICTURE = 640  # below this width, in pixels, everything is smaller
MIN_COLUMN_WIDTH = 40  # pixels
ZEROS_WIDTH = 0.11  # of a histogram's box: the bar of values that are exactly 0
PASSED_HEIGHT = 18  # of the number between two layers, in pixels
TALL_HISTOGRAM = 0.72  # of a histogram's box: how high a tall one is
MIN_LINE_OPACITY = 0.12  # of the lines of a layer that hardly changes

# What scores and motion are measured by
TARGET_ACCURACY = 0.75  # the one whose step a page looks for, until the visitor chooses another
RECENT_SNAPSHOTS = 5  # scores and shares are averaged over so many: single ones jump about
OUTLIER_RATIO = 10  # so many times farther than another network, a network flies apart
TYPICAL_MOTION = 0.1  # in σ; to move that far from one snapshot to the next is nothing unusual
UNIT_STEP_PARTS = 16  # of its layer's step that `unit_example_step` is counted in

# Ranges of axes
VISIBLE_SHARE = 0.004  # a bin with a smaller share of the values does not widen an axis
DIVERGED_REACH = 3  # an axis goes at most so many times as far as a network reaches that has not diverged
