"""The browser's modules as Python hands them over."""

import re

from bnviz.web import assets


def test_scripts_are_handed_over_after_what_they_import():
    names = [name for name, _ in assets.scripts()]
    assert set(names) == {name for name in assets.files() if name.endswith(".js")}
    for place, (name, text) in enumerate(assets.scripts()):
        imports = {assets.resolve(name, other) for other in re.findall(r'^(?:import .*|\} )from "(.*[.]js)"', text, re.MULTILINE)}
        assert imports <= set(names[:place]), name
