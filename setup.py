"""What pyproject.toml cannot say: README's links lead to the repository wherever else README is read, as on a package index."""

import re
import tomllib
from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).parent
LINK = re.compile(r"(!?\[[^\]]*\])\((?!https?:|#)([^)\s]+)\)")  # a link or a picture within the repository


def absolute_links(text: str, source: str) -> str:
    """Markdown whose links and pictures within the repository begin with its address, `source`."""
    return LINK.sub(lambda link: f"{link[1]}({source}/{'raw' if link[1].startswith('!') else 'blob'}/HEAD/{link[2]})", text)


if __name__ == "__main__":
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    setup(
        long_description=absolute_links(readme, project["urls"]["Source"]),
        long_description_content_type="text/markdown",
    )
