"""What browser tests and benchmarks share: a real server, a Chromium, and a page with the player on it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

import httpx
from playwright.sync_api import Browser, Page, Playwright

from bnviz.record import ndjson
from bnviz.web.site import links
from tests import ROOT
from tests.browsers import need

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PREDICTION_PAGES = (  # pages that want a prediction
    "covariate-shift", "gamma-beta", "independence", "batch-size", "train-and-eval", "regularization", "step-zero",
    "weight-decay",
)  # fmt: skip
SMALL_SWEEPS = {  # pages of a sweep, and settings with which theirs takes a second or two
    "regularization": {
        "dataset": "mnist1d", "width": 16, "hidden_layers": 2, "train_size": 100, "batch_size": 16, "steps": 10, "seeds": 3,
    },
    "step-zero": {"hidden_layers": 5, "width": 16, "seeds": 3},
    "does-it-hold": {"claim": "faster", "width": 16, "hidden_layers": 2, "steps": 60, "train_size": 500, "seeds": 2},
}  # fmt: skip
VIOLATION_LISTENER = """window.violations = [];
addEventListener("securitypolicyviolation", (event) => violations.push(`${event.violatedDirective} ${event.blockedURI}`))"""
# Parts of the page that stick out of their box.
WIDE_PARTS = """() => [...document.querySelectorAll(
  'html, .stMain, .bnviz-player, .bnviz-panel, .bnviz-transport, .st-key-verdict')]
  .filter(node => node.scrollWidth > node.clientWidth + 1).map(node => node.className)"""
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
WAIT_MS = int(os.environ.get("BNVIZ_WAIT_MS", 90_000))  # for a state, beside whatever other tests do


@dataclass
class Server:
    """A running server, in a process group of its own."""

    process: subprocess.Popen
    url: str

    def lines(self, run: str) -> list[bytes]:
        """The recording of a run as the route serves it, end line included."""
        return httpx.get(f"{self.url}/bnviz/runs/{run}.ndjson", timeout=60).content.splitlines(keepends=True)

    def messages(self, run: str) -> list[dict[str, Any]]:
        """The recording of a run, decoded: header, snapshots, end."""
        return list(ndjson.read(self.lines(run)))

    def metric(self, name: str) -> float:
        """The value of one metric without labels."""
        text = httpx.get(f"{self.url}/bnviz/metrics").text
        return float(re.search(rf"^bnviz_{name} (\S+)$", text, re.MULTILINE)[1])

    def await_metric(self, name: str, value: float, more: bool = False) -> None:
        """Wait until a metric has a value, or that or more: what other tests have left behind may still be ending."""
        deadline = time.monotonic() + WAIT_MS / 1000
        while (current := self.metric(name)) != value and not (more and current > value):
            assert time.monotonic() < deadline, f"{name} is {current}, not {value}"
            time.sleep(0.1)

    def workers(self) -> list[int]:
        """The process ids of the workers for live runs."""
        table = subprocess.run(["ps", "--ppid", str(self.process.pid), "-o", "pid=,args="], capture_output=True, text=True)
        return [int(line.split()[0]) for line in table.stdout.splitlines() if not line.endswith("--background")]


@contextlib.contextmanager
def serve(
    script: str | None = "app.py",
    workers: int | None = 1,
    base: str = "",
    store: str = "",
    group: Path | None = None,
    settings: Mapping[str, str] = MappingProxyType({}),
    port: int = 0,
) -> Iterator[Server]:
    """The app, or another script, on this port or a free one; `hello` is Streamlit's own. Ended with everything it started.

    `base` is the prefix of its addresses, `store` where its recordings outlive it, `group` the folder of a control group to run
    in, `settings` other environment variables. Without a number of workers it finds one by itself.
    """
    pooled = not port
    port = port or _ports.take()
    verb = ["hello"] if script == "hello" else ["run", script]
    command = [sys.executable, "-m", "streamlit", *verb, "--server.headless=true", f"--server.port={port}"]
    command += ["--server.address=127.0.0.1", "--browser.gatherUsageStats=false", f"--server.baseUrlPath={base}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "BNVIZ_WORKERS": str(workers or ""), "BNVIZ_STORE": store, **settings}
    join = (lambda: (group / "cgroup.procs").write_text(str(os.getpid()), encoding="utf-8")) if group else None
    try:
        url = f"http://127.0.0.1:{port}/{base}".rstrip("/")
        with run_server(command, url, cwd=ROOT, env=environment, preexec_fn=join) as server:
            yield server
    finally:
        if pooled:
            _ports.give_back(port)


@contextlib.contextmanager
def run_server(command: Sequence[str], url: str, **options: Any) -> Iterator[Server]:
    """A server that this command starts, once it answers at its address. Ended with everything it started."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, start_new_session=True, **(quiet | options))
    try:
        await_server(f"{url}/_stcore/health", process)
        yield Server(process, url)
    finally:
        with contextlib.suppress(ProcessLookupError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:  # Windows; its workers end with it
                process.kill()
        process.wait()


def free_port(port: int = 0) -> int:
    """A port on which nobody listens: this one, or any. Raises OSError if somebody does listen on this one."""
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of an ended server may still be closing
        free.bind(("127.0.0.1", port))
        return free.getsockname()[1]


def port_of(server: Server) -> int:
    """The port at which a server answers."""
    return int(server.url.split(":")[2].split("/")[0])


class _PortPool:
    """Ports of servers that have ended, used again by the next: what a browser has compiled of a script it keeps by address."""

    def __init__(self) -> None:
        self._idle: list[int] = []

    def take(self) -> int:
        while self._idle:
            with contextlib.suppress(OSError):
                return free_port(self._idle.pop())
        return free_port()

    def give_back(self, port: int) -> None:
        self._idle.append(port)


_ports = _PortPool()


def await_server(url: str, process: subprocess.Popen, seconds: float = 60.0) -> None:
    """Wait until a server answers at this address. Raises RuntimeError if it does not, or has ended."""
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(url).status_code == 200:
                return
        time.sleep(0.05)
    raise RuntimeError(f"the server did not start (exit status {process.poll()})")


def launch(playwright: Playwright, *flags: str) -> Browser:
    """A Chromium, or FileNotFoundError with one line that says how to get one."""
    return playwright.chromium.launch(executable_path=need(), args=[*FLAGS, *flags])


@contextlib.contextmanager
def standalone_page(browser: Browser, origins: tuple[str, ...], offline: bool = True) -> Iterator[Page]:
    """A page that needs no app. It may request addresses that begin like one of `origins`, and must complain of nothing."""
    context = browser.new_context(viewport={"width": 1400, "height": 900}, offline=offline)
    page, troubles = context.new_page(), []
    page.on("console", lambda message: troubles.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda request: request.url.startswith(origins) or troubles.append(f"a request: {request.url}"))
    yield page
    assert troubles == []
    context.close()


class Lab:
    """One page with the player on it, seen as a person sees it. `troubles` gathers what the console complains about.

    The tab may have been another test's before. When this test ends it is cleaned and handed to `give_back`, if there is such a
    function and if it can be cleaned: a script that begins with every document, and a mended socket, stay for good.
    """

    def __init__(self, page: Page, server: Server, give_back: Callable[[Page], object] | None = None):
        self.page, self.server, self.troubles = page, server, []
        self._give_back = give_back
        if not hasattr(page, "opens_charts"):
            page.add_init_script(
                "if (origin !== 'null' && !localStorage['bnviz more charts']) localStorage['bnviz more charts'] = 'open'"
            )
            page.opens_charts = True
        for method in ("add_init_script", "route_web_socket"):
            self._keep_for_good(method)
        self.page.set_default_timeout(WAIT_MS)
        self._listeners = {"console": self._on_console, "pageerror": self._on_error, "request": self._on_request}
        for event, listener in self._listeners.items():
            page.on(event, listener)

    def _keep_for_good(self, method: str) -> None:
        """Have the tab closed at the end if this method of its page is called."""

        def call(*arguments: Any, **options: Any) -> Any:
            self._give_back = None
            return getattr(type(self.page), method)(self.page, *arguments, **options)

        setattr(self.page, method, call)

    def close(self) -> None:
        """Close the page, and forget what it has stored in the browser."""
        self._forget()
        self.page.close()

    def release(self) -> None:
        """Give the tab back as if it were new, or close it."""
        if self._give_back is None or self.page.is_closed():
            return self.close()
        for event, listener in self._listeners.items():
            self.page.remove_listener(event, listener)
        self.page.unroute_all(behavior="ignoreErrors")
        self.page.mouse.move(0, 0)
        self.page.goto("about:blank")
        self._forget()
        self._give_back(self.page)

    def _forget(self) -> None:
        session = self.page.context.new_cdp_session(self.page)
        session.send("Storage.clearDataForOrigin", {"origin": self.server.url, "storageTypes": "cookies,local_storage"})
        session.detach()

    def _on_console(self, message: Any) -> None:
        url = message.location.get("url") or ""
        if "/_stcore/" in url and "404" in message.text:
            return  # Streamlit looks for its own routes below a page's address first, whatever the page
        if "Multiple different fragmentIds" in message.text:
            return  # Streamlit says so when the player and a setting ask for something in the same moment, and then does both
        if "WebSocket onclose: code=1001" in message.text:
            return  # "going away": Firefox closes Streamlit's socket as the page is left, and Streamlit says so
        if message.type in ("error", "warning"):
            self.troubles.append(f"{message.type}: {message.text} ({url})")

    def _on_error(self, error: Any) -> None:
        self.troubles.append(f"uncaught: {error}")

    def _on_request(self, request: Any) -> None:
        if not request.url.startswith((self.server.url, "data:", "blob:", "file:")):
            self.troubles.append(f"a request to elsewhere: {request.url}")

    def open(self, page: str = "", /, prediction: bool = False, **parameters: object) -> Lab:
        """Open a page, the one at / by default, with these query parameters, and wait for the first frame and for Plotly.

        Its run plays at speed 1 from the first step on: by itself it would begin slower.
        A page that wants a `prediction` first does so only if that is to be tested.
        """
        if page in PREDICTION_PAGES and not prediction:
            parameters = {**parameters, "skip": 1}
        self.page.goto(f"{self.server.url}/{page}?{urlencode(parameters)}")
        self.wait("d.frames > 0 && globalThis.Plotly")
        self.page.evaluate(_CHOOSE_SPEED)
        return self

    def wait(self, condition: str) -> None:
        """Wait for a JavaScript condition on the player's data set `d`, its element `p` and `$`, a finder."""
        body = f"const p = $('.bnviz-player'), d = p?.dataset ?? {{}}; return Boolean({condition});"
        self.page.wait_for_function(f"() => {{ const $ = (one) => document.querySelector(one); {body} }}")

    def draw_more(self, frames: int = 10) -> None:
        """Wait until so many more frames have been drawn."""
        self.wait(f"d.frames >= {int(self.data['frames']) + frames}")

    def reset(self, snapshot: int | None = None, layer: int | None = None, unit: int | None = None) -> Lab:
        """Put a page that other tests have used back: nothing is open above it or pointed at, the speed is 1, and it is paused at
        this snapshot, counted from 0, or at the last one. A layer and a unit are chosen only if they are given.
        """
        self.page.mouse.move(0, 0)
        self.page.evaluate(_PUT_BACK)
        self.press(*(["End"] if snapshot is None else ["Home", *["ArrowRight"] * snapshot]), *([str(layer)] if layer else []))
        index = "p.querySelector('.bnviz-scrub').max" if snapshot is None else f"'{snapshot}'"
        self.wait(f"d.state !== 'playing' && p.querySelector('.bnviz-scrub').value === {index}")
        if unit is not None:
            self.choose_unit(unit)
            self.wait(f"$('.bnviz-units [aria-checked=true]').ariaLabel === 'unit {unit + 1}'")
            self.page.mouse.move(0, 0)
            self.page.evaluate("document.activeElement.blur()")  # arrow keys belong to the units while one has the focus
        return self

    def change_scheme(self, scheme: str) -> None:
        """Change the colours of the page that is open, to those for "light" or "dark", if it has the others."""
        background = "getComputedStyle(document.querySelector('.stApp')).backgroundColor"
        before, same = self.page.evaluate(f"[{background}, matchMedia('(prefers-color-scheme: {scheme})').matches]")
        self.page.emulate_media(color_scheme=scheme)
        if not same:
            self.wait(f"{background} !== {before!r}")

    def at_the_end(self) -> Lab:
        """Wait until the whole run has arrived, and go to its last snapshot without playing it."""
        self.trained().press("End")
        self.wait("d.state === 'ended'")
        return self

    def trained(self) -> Lab:
        """Wait until the whole run has arrived, whatever is shown of it."""
        self.wait("/ of (\\d+)/.exec($('.bnviz-readout')?.textContent)?.[1] === d.trainedStep")
        return self

    @property
    def data(self) -> dict[str, str]:
        """The player's data attributes: state, run, step, trainedStep, frames; of the next one, if this one is just replaced."""
        script = "() => { const one = document.querySelector('.bnviz-player'); return one && {...one.dataset}; }"
        return self.page.wait_for_function(script).json_value()

    @property
    def headline(self) -> str:
        return self.page.inner_text(".bnviz-headline")

    @property
    def address(self) -> dict[str, list[str]]:
        """The settings in the address bar: neither the player's place nor what `open` adds."""
        return {name: value for name, value in self._query.items() if name not in (*links.VIEW, links.SKIP.name)}

    @property
    def place(self) -> dict[str, list[str]]:
        """The place in the address bar, which the player writes."""
        return {name: value for name, value in self._query.items() if name in links.VIEW}

    @property
    def _query(self) -> dict[str, list[str]]:
        return self.page.evaluate("Object.fromEntries(new URLSearchParams(location.search))")

    @property
    def unit(self) -> str | None:
        """What the unit on show is called: "unit 3", or "all units pooled"."""
        return self.page.get_attribute(".bnviz-units [aria-checked=true]", "aria-label")

    def choose_unit(self, number: int) -> None:
        """Follow a unit, counted from 0, of the chosen layer."""
        self.page.click(f".bnviz-units button:nth-child({number + 1})")

    def from_the_start(self) -> Lab:
        """Have settings apply from the start, whether the run plays or not."""
        self.page.click(".bnviz-segments button:first-of-type")
        self.wait("$('.bnviz-segments button').ariaPressed === 'true'")
        return self

    def pool_units(self) -> None:
        """Show all units together."""
        self.page.click(".bnviz-units .bnviz-all")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def plot(self, panel: str, expression: str) -> Any:
        """The value of a JavaScript expression of `n`, the panel's Plotly node."""
        self.look_at(panel)
        return self.page.evaluate(f"(panel) => {{ const n = {_NODE}; return {expression}; }}", panel)

    def wait_plot(self, panel: str, condition: str) -> None:
        """Wait for a JavaScript condition of `n`, the panel's Plotly node."""
        self.look_at(panel)
        self.page.wait_for_function(f"(panel) => {{ const n = {_NODE}; return {condition}; }}", arg=panel)

    def look_at(self, panel: str) -> None:
        """Scroll until a chart is on the screen, and wait until it is drawn: those that nobody sees are not."""
        self.wait(f"$('[data-panel={panel}] .bnviz-plot')")
        self.page.locator(f"[data-panel={panel}] .bnviz-plot").evaluate(
            "node => { const {top, bottom} = node.getBoundingClientRect();"
            " if (top > innerHeight || bottom < 0) node.scrollIntoView({block: 'center'}); }"
        )
        self.wait(f"$('[data-panel={panel}] .main-svg')")

    def box(self, panel: str) -> dict[str, float]:
        """Where the first subplot of a panel is on the screen, scrolled into view."""
        area = self.page.locator(f"[data-panel={panel}] .nsewdrag").first
        area.evaluate("node => node.scrollIntoView({block: 'center'})")
        return area.bounding_box()


_CHOOSE_SPEED = """() => document.querySelector("[aria-label=Speed]")?.dispatchEvent(new Event("change"))"""
_PUT_BACK = """() => {
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  for (const menu of document.querySelectorAll(".bnviz-menu[open], .bnviz-save[open]")) menu.open = false;
  document.activeElement.blur();
  document.querySelector(".stMain").scrollTo(0, 0);
  const speed = document.querySelector("[aria-label=Speed]");
  if (speed.value !== "1") { speed.value = "1"; speed.dispatchEvent(new Event("change")); }
}"""
_NODE = "document.querySelector(`[data-panel='${panel}'] .bnviz-plot`)"
