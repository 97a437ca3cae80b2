"""What is private to Streamlit, or bound to its release. Each failure says what no longer works, and what comes of it."""

import re
import struct
from pathlib import Path

import pytest
import streamlit
from starlette.routing import WebSocketRoute
from streamlit.proto.BackMsg_pb2 import BackMsg

from bnviz.web import compat
from tests import ROOT

STATIC = Path(streamlit.__file__).parent / "static"
SCRIPTS = STATIC / "static" / "js"


def test_its_scripts_for_components_are_found():
    """Else pages work, but their first picture comes later: nothing names those scripts in the head."""
    assert any(name.startswith(f"{compat.COMPONENT}.") for name in compat.component_scripts())


def test_every_inline_script_of_its_page_is_named_in_the_policy():
    """Else Chromium says on every page that a script was refused."""
    tags = re.findall(r"<script(?![^>]*\bsrc=)", (STATIC / "index.html").read_text(encoding="utf-8"))
    assert len(compat.inline_scripts()) == len(tags)


def test_its_page_has_a_head_to_write_into():
    """Else links have no preview, and our files come later."""
    assert (STATIC / "index.html").read_text(encoding="utf-8").count("</head>") == 1


def test_it_says_whether_somebody_went_back_or_forward():
    """Else a link that the back button returns to is not read."""
    from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext

    assert "is_history_navigation" in ScriptRunContext.__dataclass_fields__
    assert compat.is_history_navigation() is False  # outside a page


def test_its_check_of_hosts_is_there():
    """Else only its socket is closed to other names: bnviz/web/routes/security.py."""
    assert compat.is_host_allowed("anything.example")


def test_its_socket_is_where_it_was():
    """Else nobody counts who opens pages, and proxies that know its addresses by heart need others."""
    from streamlit.web.server.starlette.starlette_websocket import create_websocket_routes

    (route,) = create_websocket_routes(None, "lab")
    assert isinstance(route, WebSocketRoute) and route.path == f"/lab{compat.STREAM}"


def test_it_still_opens_its_port_without_the_number_of_tcp():
    """Else asyncio sends small packets at once by itself, and bnviz/web/routes/sockets.py has nothing left to do."""
    from streamlit.web.server.starlette.starlette_server import _bind_socket

    with _bind_socket("127.0.0.1", 0, 1) as listening:
        assert listening.proto == 0


(MISLEADING,) = struct.unpack("<d", b"\0\0\0\0\x10\1\x10\1")  # its second half reads like the press of a button


def rerun(trigger=None, **more):
    """What its browser sends when somebody has moved a slider, and pressed a button."""
    message = BackMsg()
    request = message.rerun_script
    request.query_string, request.page_script_hash, request.is_auto_rerun = "steps=40", "f" * 200, True
    request.context_info.timezone_offset, request.context_info.url = -(2**31), "http://127.0.0.1/"
    request.widget_states.widgets.add(id="$$ID-1-momentum").double_array_value.data.extend([0.5, 0.9])
    request.widget_states.widgets.add(id="$$ID-4").double_value = MISLEADING
    request.widget_states.widgets.add(id="$$ID-2-player").json_value = '{"hand": {"step": 3}}'
    if trigger:
        setattr(request.widget_states.widgets.add(id="$$ID-3"), *trigger)
    for name, value in more.items():
        setattr(request, name, value)
    return list(message.SerializeToString())


TRIGGERS = {"trigger_value": True, "json_trigger_value": '["edit"]'}


@pytest.mark.parametrize("trigger", [None, *TRIGGERS.items()])
def test_its_requests_for_a_run_are_read(desk, trigger):
    """Else keys that are held ask for a run thirty times a second, or a press of a button is lost: player/rerun-request.js."""
    page = {"page": "f" * 200 + " ", "part": "", "hasTrigger": bool(trigger)}
    assert desk.ask("request", bytes=rerun(trigger)) == page
    assert desk.ask("request", bytes=rerun(trigger, fragment_id="part")) == {**page, "part": "part"}


def test_what_asks_for_no_run_is_not_read_as_if_it_did(desk):
    for message in (BackMsg(app_heartbeat=True), BackMsg(stop_script=True), BackMsg()):
        assert desk.ask("request", bytes=list(message.SerializeToString())) is None


def test_all_that_it_says_once_is_known():
    """Else the press of a new kind of button may be lost while a setting is moved."""
    from streamlit.proto.WidgetStates_pb2 import WidgetState

    fields = {field.number for field in WidgetState.DESCRIPTOR.fields if "trigger" in field.name or "chat" in field.name}
    text = (ROOT / "bnviz" / "web" / "player" / "streamlit.js").read_text(encoding="utf-8")
    assert fields == {int(number) for number in re.search(r"TRIGGERS = \[(.*)\]", text)[1].split(",")}


def test_its_cookie_has_the_name_that_the_proxy_looks_for():
    """Else deploy/nginx.conf tells browsers apart by their address alone."""
    from streamlit.web.server.starlette.starlette_routes import XSRF_COOKIE_NAME

    assert f"$cookie_{XSRF_COOKIE_NAME} " in (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "option", ["runner.postScriptGC", "server.maxWidgetStateSize", "server.maxMessageSize", "server.allowedHosts"]
)
def test_it_knows_the_options_that_we_set(option):
    """Else the server is slower by half, or takes messages without a bound."""
    assert streamlit.get_option(option) is not None


SOURCES = "".join(
    (ROOT / "bnviz" / "web" / file).read_text(encoding="utf-8") for file in ("site/style.css", "player/streamlit.js")
)


@pytest.mark.parametrize("name", sorted({"st-key-", *re.findall(r"\bst[A-Z]\w+", SOURCES)}))
def test_a_class_or_a_test_id_that_our_styles_name_is_in_its_scripts(name):
    """Else something looks, or behaves, as if we had said nothing: look for the name in these two files."""
    assert any(name in path.read_text(encoding="utf-8") for path in SCRIPTS.glob("*.js")), name


def test_nothing_else_of_ours_touches_what_is_private():
    """Else an upgrade breaks what these tests do not see."""
    allowed = {"bnviz/web/compat.py"}
    private = re.compile(r"\bstreamlit\.(runtime|web|elements|proto|config)\b|\bst\.[a-z_.]*\._[a-z]")
    assert {
        str(path.relative_to(ROOT)) for path in ROOT.glob("bnviz/**/*.py") if private.search(path.read_text(encoding="utf-8"))
    } == allowed
    ids = re.compile(r"\bst[A-Z]\w+|data-testid")
    of_scripts = {path.name for path in ROOT.glob("bnviz/web/player/*.js") if ids.search(path.read_text(encoding="utf-8"))}
    assert of_scripts == {"streamlit.js"}
