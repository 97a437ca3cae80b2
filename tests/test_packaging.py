"""What `pip install .` installs, and the `bnviz` command."""

import email
import email.policy
import io
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import bnviz
from bnviz.__main__ import parsers
from bnviz.web.own import wheel as own_wheel
from tests import packages

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The sdist, and the wheel that is made from it."""
    return packages.build(tmp_path_factory.mktemp("packages"))


@pytest.fixture(scope="module")
def wheel(built):
    with zipfile.ZipFile(built.wheel) as opened:
        yield opened


@pytest.fixture(scope="module")
def metadata(wheel):
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return email.message_from_bytes(wheel.read(name), policy=email.policy.default)


def test_the_wheel_has_all_of_the_package_and_nothing_else(wheel):
    files = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("bnviz/**/*") if path.is_file()}
    contents = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert contents == {name for name in files if "__pycache__" not in name}
    assert {"bnviz/data/mnist1d.npz", "bnviz/data/LICENSE-mnist1d", "bnviz/web/player/player.css"} <= contents


def test_the_wheel_has_its_version_its_licences_and_the_command(wheel):
    (folder,) = {name.split("/")[0] for name in wheel.namelist() if ".dist-info/" in name}
    assert folder == f"bnviz-{bnviz.__version__}.dist-info"
    assert {f"{folder}/licenses/LICENSE", f"{folder}/licenses/bnviz/data/LICENSE-mnist1d"} <= set(wheel.namelist())
    assert "bnviz = bnviz.__main__:main" in wheel.read(f"{folder}/entry_points.txt").decode()


def test_what_the_page_hands_out_is_what_pip_builds(wheel):
    """All but the description, which pip wrote when the package was installed here, and who built it."""
    with zipfile.ZipFile(io.BytesIO(own_wheel.contents())) as handed:
        assert sorted(handed.namelist()) == sorted(wheel.namelist())
        written = {name for name in handed.namelist() if name.endswith((".dist-info/WHEEL", "/RECORD", "/METADATA"))}
        for name in {*handed.namelist()} - written:
            assert handed.read(name) == wheel.read(name), name
        described, expected = (
            email.message_from_bytes(one.read(f"bnviz-{bnviz.__version__}.dist-info/METADATA")) for one in (handed, wheel)
        )
        for header in ("Name", "Version", "Requires-Dist", "Requires-Python", "Provides-Extra", "License-File"):
            assert described.get_all(header) == expected.get_all(header)


@pytest.mark.slow
def test_what_the_page_hands_out_installs_records_and_can_be_handed_on(tmp_path):
    """Built from this folder, installed, and built again from what is installed: the same bytes."""
    handed = tmp_path / own_wheel.name()
    handed.write_bytes(own_wheel.contents())
    commands = packages.install(handed, tmp_path / "environment")
    assert str(tmp_path) in packages.run(commands, packages.RECORDS, tmp_path)
    command = [commands / "bnviz", "check", "run.ndjson"]
    report = subprocess.run(command, cwd=tmp_path, env=packages.outside(), capture_output=True, text=True)
    assert "1 layer, 4 snapshots" in report.stdout, report
    again = "from bnviz.web.own import wheel; open('again.whl', 'wb').write(wheel.contents())"
    packages.run(commands, again, tmp_path)
    assert (tmp_path / "again.whl").read_bytes() == handed.read_bytes()


def test_the_sdist_has_what_make_run_needs_and_no_tests(built):
    with tarfile.open(built.sdist) as opened:
        files = {name.partition("/")[2] for name in opened.getnames()}
    assert {"Makefile", "app.py", "pages/gamma_beta.py", ".streamlit/config.toml", "bnviz/serve/.streamlit/config.toml"} <= files
    assert not [name for name in files if name.startswith(("tests", "benchmarks", "build"))]


def test_a_package_index_gets_what_it_shows(metadata):
    source = PROJECT["project"]["urls"]["Source"]
    assert metadata["Version"] == bnviz.__version__ and metadata["Description-Content-Type"] == "text/markdown"
    assert {"Source", "Issues", "Changelog", "Documentation"} == {url.split(", ")[0] for url in metadata.get_all("Project-URL")}
    assert all(url.split(", ")[1].startswith(source) for url in metadata.get_all("Project-URL"))
    assert (
        metadata["Author"] and metadata["Keywords"] and "Programming Language :: Python :: 3.11" in metadata.get_all("Classifier")
    )


def test_links_of_the_readme_work_wherever_it_is_read(metadata):
    """Each leads to a file of the repository, below the one address that pyproject.toml names."""
    source, text = PROJECT["project"]["urls"]["Source"], metadata.get_payload()
    links = re.findall(r"(!?)\[[^\]]*\]\(([^)\s]+)\)", text)
    assert len(links) == len(re.findall(r"\]\(", text)) > 10 and any(picture for picture, _ in links)
    for picture, link in links:
        kind, path = ("raw", "blob")[not picture], link.removeprefix(source)
        assert path.startswith(f"/{kind}/HEAD/") and (ROOT / path.split("#")[0].removeprefix(f"/{kind}/HEAD/")).is_file(), link


def test_whoever_cites_the_program_names_this_release():
    """And the changelog's newest entry is about it."""
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: (.+)$", citation, re.MULTILINE)[1] == bnviz.__version__
    assert re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)[1] == bnviz.__version__


@pytest.mark.parametrize(
    ("program", "name"), [("/usr/bin/bnviz", "bnviz"), ("bnviz.exe", "bnviz"), ("/x/bnviz/__main__.py", "python -m bnviz")]
)
def test_the_command_line_says_what_was_called(monkeypatch, capsys, program, name):
    monkeypatch.setattr(sys, "argv", [program])
    with pytest.raises(SystemExit):
        parsers().parse_args(["run"])
    assert capsys.readouterr().err.startswith(f"{name} run: ")


def test_the_build_without_cuda_satisfies_the_pin_and_goes_before_the_other():
    """So it is enough to say where it is: pip and uv choose the highest version."""
    (pin,) = [Requirement(text) for text in PROJECT["project"]["dependencies"] if text.startswith("torch")]
    (version,) = [Version(one.version) for one in pin.specifier]
    assert pin.specifier.contains(f"{version}+cpu") and Version(f"{version}+cpu") > version


def test_versions_are_pinned_in_one_place():
    lines = [line for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert lines == ["--find-links https://download.pytorch.org/whl/cpu/torch/", "-e ."]
    assert not list(ROOT.glob("requirements-*.txt"))
    assert "torch==2.13.0" in PROJECT["project"]["dependencies"]


def test_the_lock_file_has_a_fitting_release_of_every_dependency_with_its_hashes():
    """But for PyTorch, whose build without CUDA has a place of its own. `make lock` makes it anew."""
    parts = re.split(r"^(?=\S)", (ROOT / "requirements.lock").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    locked = {Requirement(part.split("\\")[0]).name.lower(): part for part in parts}
    for part in locked.values():
        assert re.findall(r"--hash=sha256:[0-9a-f]{64}\b", part), part.split()[0]
    for requirement in map(Requirement, PROJECT["project"]["dependencies"]):
        if requirement.name != "torch":
            version = re.search(r"==(\S+)", locked[requirement.name.lower()])[1]
            assert version in requirement.specifier, f"{requirement}: run make lock"
