"""Firefox over WebDriver BiDi and WebKitGTK over WebDriver, with what `Lab` and the smoke tests use of Playwright's pages.

What the two do differently is in this file. Playwright starts neither of them as Debian ships it.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

from tests.browsers import need
from tests.e2e.lab import free_port

WIDTH, HEIGHT = 1000, 750  # every pixel is drawn by the processor
START_SECONDS = 60
HIT_SECONDS = 2  # a click that an element has not had by then went elsewhere
KEYS = {"ArrowLeft": "\ue012", "ArrowRight": "\ue014", "End": "\ue010", "Home": "\ue011", "Escape": "\ue00c", "Space": " "}
# The middle of an element that can be pressed, scrolled into view; null while there is none, or something lies above it.
# From then on the element's `clicks` are counted.
MIDDLE = """(selector) => {
  const one = document.querySelector(selector);
  if (!one?.checkVisibility() || one.disabled) return null;
  one.scrollIntoView({block: "center", behavior: "instant"});
  const {x, y, width, height} = one.getBoundingClientRect();
  const [across, down] = [Math.round(x + width / 2), Math.round(y + height / 2)];
  if (!one.contains(document.elementFromPoint(across, down))) return null;
  globalThis.clicks = 0;
  one.addEventListener("click", () => { clicks += 1; }, {capture: true, once: true});
  return [across, down];
}"""
FOCUS = """(selector) => {
  const one = document.querySelector(selector);
  one?.focus();
  return one && one === document.activeElement;
}"""
# What a page complains about and what it requests, for a protocol without events.
LISTEN = """
window.heard = [];
for (const type of ["error", "warn"]) {
  const say = console[type];
  console[type] = (...args) => { heard.push(["console", type === "warn" ? "warning" : type, args.join(" ")]); say(...args); };
}
addEventListener("error", ({message}) => heard.push(["pageerror", message]));
addEventListener("unhandledrejection", ({reason}) => heard.push(["pageerror", String(reason)]));
"""
HEARD = "[...heard.splice(0), ...performance.getEntriesByType('resource').map(({name}) => ['request', name])]"


class DocumentLeft(Exception):
    """The page has gone to another document before it answered."""


class WebDriverPage(ABC):
    """The one page of a browser. Listeners hear of `console`, `pageerror` and `request`, as they do of Playwright's pages."""

    opens_charts = True  # as far as `Lab` is concerned: those that are folded at first stay so

    def __init__(self) -> None:
        self.keyboard = SimpleNamespace(press=self._press)
        self.listeners: dict[str, list[Callable[[Any], object]]] = {}
        self.seconds = 30.0

    @abstractmethod
    def goto(self, url: str) -> None:
        """Open an address, without waiting for what it loads."""

    @abstractmethod
    def add_init_script(self, script: str) -> None:
        """Have statements run when a document begins."""

    @abstractmethod
    def report(self) -> None:
        """Tell the listeners all that has been heard so far."""

    @abstractmethod
    def _call(self, function: str, argument: Any) -> Any:
        """What a JavaScript function of one argument returns, as JSON has it."""

    @abstractmethod
    def _perform(self, source: dict[str, Any]) -> None:
        """Act as WebDriver's input sources do."""

    def on(self, event: str, listener: Callable[[Any], object]) -> None:
        self.listeners.setdefault(event, []).append(listener)

    def _tell(self, event: str, what: Any) -> None:
        for listener in self.listeners.get(event, []):
            listener(what)

    def set_default_timeout(self, milliseconds: float) -> None:
        self.seconds = milliseconds / 1000

    def evaluate(self, expression: str, argument: Any = None) -> Any:
        """The value of a JavaScript expression, or of a function of the argument."""
        return self._call(
            f"(arg) => {{ const one = ({expression}); return typeof one === 'function' ? one(arg) : one; }}", argument
        )

    def wait_for_function(self, expression: str, arg: Any = None) -> SimpleNamespace:
        """Wait until an expression, or a function of the argument, has a value that counts as true."""
        deadline = time.monotonic() + self.seconds
        while not (value := self._evaluate_or_none(expression, arg)):
            assert time.monotonic() < deadline, f"not within {self.seconds:.0f} s: {expression}"
            time.sleep(0.05)
        return SimpleNamespace(json_value=lambda: value)

    def _evaluate_or_none(self, expression: str, argument: Any) -> Any:
        """The value of an expression; None if the document was left while it was asked for."""
        with contextlib.suppress(DocumentLeft):
            return self.evaluate(expression, argument)

    def inner_text(self, selector: str) -> str:
        return self.wait_for_function("(selector) => document.querySelector(selector)?.innerText", selector).json_value()

    def click(self, selector: str) -> None:
        """Press the middle of an element, as soon as nothing lies above it.

        A page that is still being laid out may move the element away between the question where it is and the click; then the
        click is repeated.
        """
        deadline = time.monotonic() + self.seconds
        while True:
            self._press_at(*self.wait_for_function(MIDDLE, selector).json_value())
            if self._hit():
                return
            assert time.monotonic() < deadline, f"not hit within {self.seconds:.0f} s: {selector}"

    def _hit(self) -> bool:
        """Whether the element has had its click; a document that is not the same any more was left by it."""
        deadline = time.monotonic() + HIT_SECONDS
        while missed := self._evaluate_or_none("globalThis.clicks", None) == 0:
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        return not missed

    def _press_at(self, x: int, y: int) -> None:
        press = [
            {"type": "pointerMove", "x": x, "y": y},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        self._perform({"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": press})

    def focus(self, selector: str) -> None:
        self.wait_for_function(FOCUS, selector)

    def _press(self, key: str) -> None:
        value = KEYS.get(key, key)
        keys = [{"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]
        self._perform({"type": "key", "id": "keyboard", "actions": keys})


class FirefoxPage(WebDriverPage):
    """A page of Firefox, over WebDriver BiDi: commands and events on one socket.

    What a document says after it was left is not heard: that its socket has been closed, or that a script did not come.
    """

    def __init__(self, socket: ClientConnection):
        super().__init__()
        self.socket, self.numbers = socket, itertools.count()
        self.realm = self.left = ""  # the document's name in the protocol, and that of the one before
        self._command("session.new", capabilities={})
        self._command("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])
        self.context = self._command("browsingContext.getTree")["contexts"][0]["context"]
        self._command("browsingContext.setViewport", context=self.context, viewport={"width": WIDTH, "height": HEIGHT})

    def _command(self, method: str, **parameters: Any) -> Any:
        """The result of a command; events that come before it are told."""
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while (answer := json.loads(self.socket.recv(timeout=self.seconds))).get("id") != number:
            self._hear(answer)
        assert answer["type"] == "success", answer
        return answer["result"]

    def _hear(self, event: dict[str, Any]) -> None:
        what = event.get("params", {})
        if what.get("source", {}).get("realm") == self.left:
            return
        if event.get("method") == "network.beforeRequestSent":
            self._tell("request", SimpleNamespace(url=what["request"]["url"]))
        elif event.get("method") == "log.entryAdded" and what["type"] == "javascript" and what["level"] == "error":
            self._tell("pageerror", what["text"])
        elif event.get("method") == "log.entryAdded":
            level = {"warn": "warning"}.get(what["level"], what["level"])
            self._tell("console", SimpleNamespace(type=level, text=what["text"], location=_place(what)))

    def goto(self, url: str) -> None:
        self.report()
        self.left = self.realm
        self._command("browsingContext.navigate", context=self.context, url=url, wait="interactive")

    def add_init_script(self, script: str) -> None:
        self._command("script.addPreloadScript", functionDeclaration=f"() => {{ {script} }}")

    def report(self) -> None:
        self._command("session.status")

    def _call(self, function: str, argument: Any) -> Any:
        result = self._command(
            "script.callFunction",
            functionDeclaration=f"() => JSON.stringify([({function})({json.dumps(argument)})])",
            target={"context": self.context},
            awaitPromise=False,
        )
        assert result["type"] == "success", result["exceptionDetails"]["text"]
        self.realm = result["realm"]
        return json.loads(result["result"]["value"])[0]

    def _perform(self, source: dict[str, Any]) -> None:
        self._command("input.performActions", context=self.context, actions=[source])


def _place(entry: dict[str, Any]) -> dict[str, str]:
    frames = (entry.get("stackTrace") or {}).get("callFrames") or [{}]
    return {"url": frames[0].get("url", "")}


class WebKitPage(WebDriverPage):
    """A page of WebKitGTK, over WebDriver: commands by HTTP, no events.

    What it complains about before its first script has begun to run is not heard, as init scripts run when the document is there.
    """

    def __init__(self, client: httpx.Client):
        super().__init__()
        self.client, self.session = client, ""
        self.scripts = [LISTEN]
        capabilities = {"pageLoadStrategy": "none"}
        self.session = self._command("/session", capabilities={"alwaysMatch": capabilities})["sessionId"]
        self._command("/window/rect", x=0, y=0, width=WIDTH, height=HEIGHT)

    def _command(self, path: str, **parameters: Any) -> Any:
        answer = self.client.post(f"/session/{self.session}{path}" if self.session else path, json=parameters)
        if answer.status_code != 200 and answer.json()["value"]["error"] == "no such frame":
            raise DocumentLeft(answer.text)
        assert answer.status_code == 200, answer.text
        return answer.json()["value"]

    def goto(self, url: str) -> None:
        self.report()
        self._command("/url", url=url)
        begun = f"() => location.href !== 'about:blank' && !window.heard && (() => {{ {''.join(self.scripts)} return true; }})()"
        self.wait_for_function(begun)

    def add_init_script(self, script: str) -> None:
        self.scripts.append(script + ";")

    def report(self) -> None:
        for event, *what in self._call(f"() => window.heard ? {HEARD} : []", None):
            if event == "console":
                self._tell(event, SimpleNamespace(type=what[0], text=what[1], location={}))
            else:
                self._tell(event, SimpleNamespace(url=what[0]) if event == "request" else what[0])

    def _call(self, function: str, argument: Any) -> Any:
        script = f"return JSON.stringify([({function})(arguments[0])])"
        return json.loads(self._command("/execute/sync", script=script, args=[argument]))[0]

    def _perform(self, source: dict[str, Any]) -> None:
        self._command("/actions", actions=[source])

    def close(self) -> None:
        self.client.delete(f"/session/{self.session}")


@contextlib.contextmanager
def _process(command: list[str], **options: Any) -> Iterator[subprocess.Popen]:
    """A program in a group of its own, ended with all that it has started."""
    process = subprocess.Popen(command, start_new_session=True, **options)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


PREFERENCES = {  # no request to elsewhere leaves the machine: there is no proxy where it is sent
    "network.proxy.type": 1,
    "network.proxy.socks": "127.0.0.1",
    "network.proxy.socks_port": 9,
    "network.proxy.socks_remote_dns": True,
    "network.proxy.no_proxies_on": "127.0.0.1",
}


@contextlib.contextmanager
def firefox() -> Iterator[FirefoxPage]:
    """A page in Firefox without a window, with a profile of its own."""
    program = need("firefox")
    with tempfile.TemporaryDirectory(prefix="bnviz-firefox-", ignore_cleanup_errors=True) as profile:
        lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items())
        (Path(profile) / "user.js").write_text("\n".join(lines), encoding="utf-8")
        command = [program, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port=0"]
        with _process(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            file = Path(profile) / "WebDriverBiDiServer.json"
            server = json.loads(_await(process, lambda: file.read_text(encoding="utf-8")))
            url = f"ws://{server['ws_host']}:{server['ws_port']}/session"
            with connect(url, max_size=None, open_timeout=START_SECONDS) as socket:
                yield FirefoxPage(socket)


@contextlib.contextmanager
def webkit() -> Iterator[WebKitPage]:
    """A page in WebKitGTK's own small browser, on a screen that nobody sees."""
    program, port = need("webkit"), free_port()
    with (
        _screen() as display,
        _process([program, f"--port={port}"], env={**os.environ, "DISPLAY": display}) as driver,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=START_SECONDS) as client,
    ):
        _await(driver, lambda: client.get("/status"))
        page = WebKitPage(client)
        yield page
        page.close()


@contextlib.contextmanager
def _screen() -> Iterator[str]:
    """The name of a display in memory."""
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-nolisten", "tcp"]
    with _process(command, pass_fds=[writer], stderr=subprocess.DEVNULL):
        os.close(writer)
        with open(reader, encoding="utf-8") as numbers:
            yield f":{numbers.readline().strip()}"


def _await(process: subprocess.Popen, ask: Callable[[], Any]) -> Any:
    """The first answer of a program that has just been started."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError, httpx.TransportError):
            if answer := ask():
                return answer
        time.sleep(0.05)
    raise RuntimeError(f"{process.args[0]} did not start (exit status {process.poll()})")


PAGES = {"firefox": firefox, "webkit": webkit}
