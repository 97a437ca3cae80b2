"""The page at /does-it-hold: what is claimed of batch norm, what was published, and what our runs say of it."""

from bnviz.site.claims import show

TITLE = "Does it hold?"
INTRO = (
    "What the lecture and the papers say of batch norm, each with an experiment that could refute it: published figures beside "
    "ours, and a plain verdict. Where a small net says otherwise, that is said, too."
)
MORE = ("hidden_layers", "width", "activation", "initialization", "momentum", "dataset")

if __name__ == "__main__":  # Streamlit runs pages as scripts
    show(TITLE, INTRO, MORE)
