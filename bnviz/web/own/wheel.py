"""The package that runs, as a wheel: what a visitor of /own installs comes from the server that shows the page.

A wheel is a zip file of what is installed and its metadata (https://packaging.python.org/specifications/binary-distribution-format),
so none of the tools that build packages are needed here.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import io
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, distributions
from pathlib import Path

import bnviz

PACKAGE = Path(bnviz.__file__).resolve().parent
ROOT = PACKAGE.parent  # what names in a wheel are relative to
DESCRIPTIONS = ("METADATA", "entry_points.txt", "top_level.txt")  # the rest of *.dist-info is of one installation, with its paths
KIND = b"Wheel-Version: 1.0\nGenerator: bnviz\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time in a zip file: the same files make the same bytes
READABLE = 0o100644 << 16  # a file that everybody may read, as zip files of Unix say it
UNIX = 3


@functools.cache
def name() -> str:
    """The wheel's file name, or "" if pip has not installed the release that runs: then nothing describes its dependencies."""
    distribution = _installed()
    return f"bnviz-{distribution.version}-py3-none-any.whl" if distribution and _sources(distribution) else ""


def pins() -> dict[str, str]:
    """Which `python` the wheel needs at least, and which `torch` it brings along; nothing without a wheel."""
    distribution = _installed()
    if distribution is None:
        return {}
    torch = next(one for one in distribution.requires or () if one.startswith("torch=="))
    return {"python": distribution.metadata["Requires-Python"].removeprefix(">="), "torch": torch.removeprefix("torch==")}


def contents() -> bytes:
    """The wheel. Raises FileNotFoundError where there is none, and OSError."""
    distribution = _installed()
    if distribution is None or not name():
        raise FileNotFoundError("pip has not installed this release")
    folder = f"bnviz-{distribution.version}.dist-info"
    files = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in _sources(distribution)}
    files |= {f"{folder}/{part}": text for part, text in _descriptions(distribution)}
    files[f"{folder}/WHEEL"] = KIND
    return _archive({**files, f"{folder}/RECORD": _record(files, f"{folder}/RECORD")})


@functools.cache
def _installed() -> Distribution | None:
    """What pip wrote of the release that runs. A folder of sources may hold the metadata of a build beside it, without RECORD."""
    current = (one for one in distributions(name="bnviz") if one.version == bnviz.__version__ and one.read_text("RECORD"))
    return next(current, None)


def _sources(distribution: Distribution) -> list[Path]:
    """The package's files, in order: those that pip has installed, or what a wheel of the folder would have."""
    installed = [file for file in distribution.files or () if file.parts[0] == PACKAGE.name and "__pycache__" not in file.parts]
    paths = [Path(str(distribution.locate_file(file))).resolve() for file in installed]
    return sorted(paths if PACKAGE / "__init__.py" in paths else set(_tree()))


def _tree() -> Iterator[Path]:
    """The files of an editable installation, as setuptools chooses them; none where its settings are not beside the package."""
    settings = ROOT / "pyproject.toml"
    if not settings.exists():
        return
    data = tomllib.loads(settings.read_text(encoding="utf-8"))["tool"]["setuptools"]["package-data"]
    for folder in (PACKAGE, *filter(Path.is_dir, PACKAGE.rglob("*"))):
        parts = folder.relative_to(ROOT).parts
        if all(map(str.isidentifier, parts)):
            for pattern in ("*.py", *data["*"], *data.get(".".join(parts), ())):
                yield from filter(Path.is_file, folder.glob(pattern))


def _descriptions(distribution: Distribution) -> Iterator[tuple[str, bytes]]:
    """Names within *.dist-info and contents: dependencies, the command, and licences."""
    for file in distribution.files or ():
        part = "/".join(file.parts[1:])
        if file.parts[0].endswith(".dist-info") and (part in DESCRIPTIONS or part.startswith("licenses/")):
            yield part, Path(str(distribution.locate_file(file))).read_bytes()


def _record(files: Mapping[str, bytes], own: str) -> bytes:
    """The list of all files with their SHA-256 and size, and itself, named `own`, without."""
    lines = [f"{name},sha256={_digest(text)},{len(text)}\n" for name, text in files.items()]
    return "".join([*lines, f"{own},,\n"]).encode()


def _digest(text: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b"=").decode()


def _archive(files: Mapping[str, bytes]) -> bytes:
    """A zip file of these, by name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system, entry.external_attr = UNIX, READABLE
            archive.writestr(entry, text, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
