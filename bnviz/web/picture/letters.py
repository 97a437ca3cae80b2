"""Letters for pictures: those of the page, which Streamlit brings along.

Pillow's own know no Greek; they are the fallback if Streamlit renames its file.
"""

from __future__ import annotations

import functools
from pathlib import Path

import streamlit
from PIL import ImageFont

FILES = "static/static/media/SourceSansVF-Upright*.woff2"  # a variable font: one file for all weights
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@functools.lru_cache(maxsize=64)
def font(size: float, weight: int = 400) -> Font:
    """Letters of so many pixels; `weight` as in CSS."""
    if (path := _file()) is None:
        return ImageFont.load_default(size)
    result = ImageFont.truetype(path, size)
    result.set_variation_by_axes([weight])
    return result


@functools.cache
def _file() -> Path | None:
    return next(iter(sorted(Path(streamlit.__file__).parent.glob(FILES))), None)
