"""The glossary names files that are there, and is linked from where a reader begins."""

import re

from tests import ROOT


def test_every_link_of_the_glossary_leads_somewhere():
    page = ROOT / "docs" / "glossary.md"
    targets = re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    assert len(targets) >= 20
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_readme_and_contributing_link_it():
    assert all("docs/glossary.md" in (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CONTRIBUTING.md"))
