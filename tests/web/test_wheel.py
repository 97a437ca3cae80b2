"""The package that the page /own hands out. What pip would build of the same files: tests/test_packaging.py."""

import base64
import csv
import hashlib
import io
import zipfile

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient
from streamlit.web.server.starlette.starlette_gzip_middleware import SelectiveGZipMiddleware

import bnviz
from bnviz.web import words
from bnviz.web.export import static_site
from bnviz.web.own import data, gallery, wheel
from bnviz.web.rates import TooMany
from bnviz.web.routes import routes
from bnviz.web.routes import wheel as route
from bnviz.web.routes.render_cache import RenderCache
from tests import ROOT

NAME = f"bnviz-{bnviz.__version__}-py3-none-any.whl"
AT = f"/bnviz/wheel/{NAME}"


@pytest.fixture(scope="module")
def contents():
    return wheel.contents()


@pytest.fixture(scope="module")
def files(contents):
    with zipfile.ZipFile(io.BytesIO(contents)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


@pytest.fixture
def client(monkeypatch):
    monkeypatch.setattr(route, "_cache", RenderCache(route.MEMORY, route.WAITING))
    return TestClient(Starlette(routes=routes, middleware=[Middleware(SelectiveGZipMiddleware)]))


@pytest.fixture
def not_installed(monkeypatch):
    """As where the package is only a folder on Python's path."""
    monkeypatch.setattr(wheel, "distributions", lambda name: [])
    for cached in (wheel.name, wheel._installed):
        cached.cache_clear()
    yield
    for cached in (wheel.name, wheel._installed):
        cached.cache_clear()


def test_the_same_files_make_the_same_bytes(contents):
    assert wheel.contents() == contents


def test_its_record_has_all_files_with_their_hashes(files):
    (own,) = (name for name in files if name.endswith(".dist-info/RECORD"))
    rows = {name: (digest, size) for name, digest, size in csv.reader(io.StringIO(files[own].decode()))}
    assert set(rows) == set(files) and rows.pop(own) == ("", "")
    for name, (digest, size) in rows.items():
        expected = base64.urlsafe_b64encode(hashlib.sha256(files[name]).digest()).decode().rstrip("=")
        assert (digest, int(size)) == (f"sha256={expected}", len(files[name])), name


def test_it_tells_nothing_of_this_machine(files):
    assert {name.split("/", 1)[1] for name in files if ".dist-info/" in name and "licenses/" not in name} == {
        "METADATA",
        "RECORD",
        "WHEEL",
        "entry_points.txt",
        "top_level.txt",
    }
    assert not [name for name, text in files.items() if str(ROOT).encode() in text or name.endswith(".pyc")]


def test_stray_files_of_a_folder_of_sources_stay_where_they_are(tmp_path, monkeypatch):
    """Only what pyproject.toml names is in a wheel: no notes, no recordings, no copies that an editor keeps."""
    package = tmp_path / "bnviz"
    for name in (
        "__init__.py",
        "web/player/core/new.js",
        "notes.md",
        "run.ndjson",
        ".hidden/x.py",
        "secret.env",
        "web/own/words.toml",
    ):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text("")
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    monkeypatch.setattr(wheel, "PACKAGE", package)
    monkeypatch.setattr(wheel, "ROOT", tmp_path)
    found = {path.relative_to(package).as_posix() for path in wheel._tree()}
    assert found == {"__init__.py", "web/player/core/new.js", "web/own/words.toml"}


def test_the_server_hands_it_out_under_any_prefix(client, contents):
    answer = client.get(AT, headers={"accept-encoding": "gzip"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert answer.content == contents and int(answer.headers["content-length"]) == len(contents)
    assert answer.headers["content-disposition"] == f'attachment; filename="{NAME}"'
    assert client.get(f"/lab{AT}", headers={"if-none-match": answer.headers["etag"]}).status_code == 304
    head = client.head(AT)
    assert head.headers["content-length"] == answer.headers["content-length"] and not head.content
    assert client.post(AT).status_code == 405


def test_another_release_is_not_found(client):
    answer = client.get("/bnviz/wheel/bnviz-0.1-py3-none-any.whl")
    assert answer.status_code == 404 and NAME in answer.json()["error"]


def test_it_is_built_once_and_counts_as_a_file(client, monkeypatch):
    built, spent = [], []
    monkeypatch.setattr(wheel, "contents", lambda: built.append(1) or b"wheel")
    monkeypatch.setattr(route, "spend", lambda kind, _: spent.append(kind))
    assert [client.get(AT).content for _ in range(3)] == [b"wheel"] * 3
    assert (built, spent) == ([1], ["file"])


def test_a_client_that_asks_for_too_much_waits(client, monkeypatch):
    def spend(kind, request):
        raise TooMany(2.5)

    monkeypatch.setattr(route, "spend", spend)
    answer = client.get(AT)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")


def test_the_page_knows_the_wheel_and_what_it_pins():
    shown = data.page_data()["wheel"]
    assert f"/{shown['address']}" == AT and shown["release"] == bnviz.__version__
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'"torch=={shown["torch"]}"' in settings and f'requires-python = ">={shown["python"]}"' in settings
    assert data.page_data(snippets=False)["wheel"] == {}


def test_without_an_installation_there_is_no_wheel(not_installed, client, tmp_path):
    assert wheel.name() == "" and wheel.pins() == {} and data.page_data()["wheel"] == {}
    assert client.get(AT).status_code == 404 and client.get("/bnviz/wheel/").status_code == 404
    with pytest.raises(FileNotFoundError):
        wheel.contents()
    static_site.write_own(tmp_path, [static_site.Plan("live_shift")])
    assert not list(tmp_path.glob("*.whl")) and '"wheel": {}' in (tmp_path / static_site.OWN).read_text(encoding="utf-8")


def test_the_static_site_has_the_wheel_beside_its_page_and_the_programs(contents, tmp_path):
    static_site.write_own(tmp_path, [static_site.Plan("live_shift")])
    assert (tmp_path / NAME).read_bytes() == contents
    assert f'"address": "{NAME}"' in (tmp_path / static_site.OWN).read_text(encoding="utf-8")
    for entry in gallery.entries():
        assert (tmp_path / "files" / entry["program"]).read_bytes() == (ROOT / "examples" / f"{entry['key']}.py").read_bytes()


@pytest.mark.parametrize("key", words.own()["gallery"]["examples"])
def test_the_server_has_the_programs_of_the_gallery(client, key):
    """The very files of examples/: `make gallery` copies them."""
    (entry,) = (one for one in gallery.entries() if one["key"] == key)
    answer = client.get(f"/bnviz/{entry['program']}")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.content == (ROOT / "examples" / f"{key}.py").read_bytes(), "run make gallery"
