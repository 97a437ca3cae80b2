// @ts-check
// Where Streamlit's own parts are on the page, by the names that it gives them: another release may have others.
// tests/web/test_compat.py looks for them there.

/** The settings of a page (bnviz/web/site/widgets.py). */
export const KNOBS = ".st-key-controls, .st-key-more";

/** What among them changes no setting. */
export const NO_KNOB = "[data-testid=stPopoverButton], [data-testid=stTooltipHoverTarget], .st-key-pace";

/** Presets that are not chosen (bnviz/web/site/presets.py). */
export const PRESETS = ".st-key-bnviz-preset [data-testid=stBaseButton-pills]";

/** The question that asks for a prediction (bnviz/web/site/predictions.py). */
export const QUESTION = "[class*=st-key-prediction-]";

/** Links to all pages (bnviz/frame.py). */
export const PAGE_LINKS = ".st-key-pages a";

/** What its socket's address ends in. */
export const STREAM = "/_stcore/stream";

// The numbers of fields in what the browser sends there (its protobuf messages BackMsg, ClientState, WidgetStates, WidgetState).
export const MESSAGE = {rerunScript: 11};
export const STATE = {widgetStates: 2, pageScriptHash: 3, pageName: 4, fragmentId: 5};
export const WIDGETS = {widgets: 1};

/** Those of a widget's state that are sent once, as a press of a button is. */
export const TRIGGERS = [2, 14, 15, 16];
