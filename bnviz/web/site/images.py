"""Images that come with the page.

Streamlit keeps an image in memory at an address of its own, and forgets it when the page's script runs without it: a browser that
is late, or comes back, finds nothing there. What is shown here is part of the page.
"""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image


def data_url(pixels: np.ndarray) -> str:
    """A PNG as an address that holds it: pixels [height, width] of grey or [height, width, 4] of RGBA, uint8."""
    png = io.BytesIO()
    Image.fromarray(pixels).save(png, "PNG")
    return f"data:image/png;base64,{base64.b64encode(png.getvalue()).decode('ascii')}"
