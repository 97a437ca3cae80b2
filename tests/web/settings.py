"""The settings' widgets of a page, as AppTest has them."""

from typing import Any

from streamlit.testing.v1 import AppTest


def settings(page: AppTest) -> dict[str, Any]:
    """By the names of their fields: the keys of those behind the button go on with a number."""
    widgets = [*page.selectbox, *page.select_slider, *page.number_input]
    return {widget.key.split(" ")[0]: widget for widget in widgets if widget.key}
