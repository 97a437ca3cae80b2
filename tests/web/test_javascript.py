"""What no tool checks for us: lines no longer than Python's."""

import json
import re

import pytest

from bnviz.web import assets

LONGEST = 130
ROOT = assets.PACKAGE.parent
LATER = json.loads((ROOT / "tsconfig.json").read_text()).get("exclude", [])  # neither checked nor mended yet
MADE = ("schema.d.ts", "words.d.ts")  # by programs
FILES = sorted(str(path.relative_to(ROOT)) for path in assets.PACKAGE.rglob("*") if path.name.endswith((".js", ".d.ts")))


@pytest.mark.parametrize("name", [name for name in FILES if name not in LATER and not name.endswith(MADE)])
def test_no_line_is_too_long(name):
    lines = (ROOT / name).read_text().splitlines()
    assert [number for number, line in enumerate(lines, 1) if len(line) > LONGEST] == []


def test_scripts_are_handed_over_after_what_they_import():
    names = [name for name, _ in assets.scripts()]
    assert set(names) == {name for name in assets.files() if name.endswith(".js")}
    for place, (name, text) in enumerate(assets.scripts()):
        needed = {assets.resolved(name, other) for other in re.findall(r'^(?:import .*|\} )from "(.*[.]js)"', text, re.MULTILINE)}
        assert needed <= set(names[:place]), name
