"""Tests of lessons may ask the browser's modules, too."""

from tests.web.conftest import desk, recorded, shipped_folder  # noqa: F401
