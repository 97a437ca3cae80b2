"""Tests of lessons may ask the browser's modules, too."""

from tests.web.conftest import desk, recorded  # noqa: F401
