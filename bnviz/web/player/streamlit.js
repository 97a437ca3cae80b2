// @ts-check
// Where Streamlit's own parts are on the page, by the names that it gives them: another release may have others.
// tests/web/test_compat.py looks for them there.

/** The settings of a page (bnviz/web/site/widgets.py). */
export const KNOBS = ".st-key-controls, .st-key-more";

/** What among them changes no setting. */
export const NO_KNOB = "[data-testid=stPopoverButton], [data-testid=stTooltipHoverTarget]";

/** The question that asks for a prediction (bnviz/web/site/predictions.py). */
export const QUESTION = "[class*=st-key-prediction-]";
