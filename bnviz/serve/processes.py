"""`bnviz serve --processes N`: N web processes behind one port.

A web process has one core for its scripts, whatever the machine has. Each of N processes is `bnviz serve` at a local port of its
own; nginx listens at the port that visitors know, and sends a browser to the same process each time. They share one store, and
each has its part of the worker processes, because a run that trains is known to its own process alone.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import webbrowser
from collections.abc import Iterator, Mapping
from pathlib import Path

from bnviz import engine
from bnviz.web.compat import BadSetting

LOCAL = "127.0.0.1"
DEFAULT_PORT = 8501
START_SECONDS = 120.0
STOP_SECONDS = 10.0
LOOK_SECONDS = 0.1
PREFIX = re.compile(r"[\w/.~-]*", re.ASCII)
RESTART_SECONDS = 1.0  # before a process that has ended is started again

# Temporary files have a folder of their own, so that no rights are needed. A browser is known by the cookie that Streamlit gives
# it, and by its address before it has one.
NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr crit;
worker_processes auto;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    map $http_upgrade $connection_header {{ default upgrade; "" close; }}
    map $cookie__streamlit_xsrf $visitor {{ default $cookie__streamlit_xsrf; "" $remote_addr; }}
    upstream processes {{
        hash $visitor consistent;
        {servers}
    }}
    server {{
        listen {address};
        client_max_body_size 0;
        location / {{
            proxy_pass http://processes;
            proxy_http_version 1.1;
            proxy_buffering off;
            proxy_read_timeout 1h;
            proxy_connect_timeout 2s;
            proxy_next_upstream error timeout;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_header;
        }}
    }}
}}
"""


def serve(count: int, options: Mapping[str, object]) -> None:
    """Serve with `count` web processes until a signal ends this one. A process that ends by itself is started again.

    Raises KeyboardInterrupt or SystemExit for a signal, and BadSetting if nginx is missing or cannot listen.
    """
    for name in ("SIGTERM", "SIGHUP"):  # Windows has no SIGHUP, which a terminal sends that is closed
        if number := getattr(signal, name, None):
            signal.signal(number, lambda number, frame: sys.exit(0))
    nginx, port = _nginx(), int(str(options.get("port", DEFAULT_PORT)))
    _check(options, port)
    with tempfile.TemporaryDirectory(prefix="bnviz-serve-") as folder, _stopping([]) as processes:
        group = WebProcesses(_free_ports(count), options, processes)
        group.wait_until_ready()
        file = Path(folder, "nginx.conf")
        file.write_text(configuration(Path(folder), options, port, group.ports), encoding="utf-8")
        proxy = subprocess.Popen([nginx, "-p", folder, "-c", str(file)], stdin=subprocess.DEVNULL)
        processes.append(proxy)
        _wait_until_ready(proxy, f"http://{_reachable(options)}:{port}{group.prefix}", "nginx has not started")
        _announce(f"http://localhost:{port}{group.prefix}", count, is_browser_wanted=bool(options.get("open")))
        while proxy.poll() is None:
            group.restart()
            time.sleep(LOOK_SECONDS)
    raise BadSetting("nginx has ended: its own message is above")


def _announce(address: str, count: int, *, is_browser_wanted: bool) -> None:
    print(f"{count} web processes at {address}", flush=True)
    if is_browser_wanted:
        webbrowser.open(address)


class WebProcesses:
    """Web processes at local `ports`. All that were ever started are listed in `processes`, whose owner ends them."""

    def __init__(self, ports: list[int], options: Mapping[str, object], processes: list[subprocess.Popen[bytes]]):
        self.ports, self.options, self.processes = ports, options, processes
        self.prefix = "/" + str(options.get("base_path", "")).strip("/")
        self.current = {port: self._start(port) for port in ports}

    def _start(self, port: int) -> subprocess.Popen[bytes]:
        """A web process at a local port. Its welcome with the local address is not shown."""
        command = [sys.executable, "-m", "bnviz", "serve", f"--host={LOCAL}", f"--port={port}", f"--base-path={self.prefix}"]
        process = subprocess.Popen(command, env=environment(len(self.ports)), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.processes.append(process)
        return process

    def wait_until_ready(self) -> None:
        """Raises BadSetting if one of them ends, or takes longer than START_SECONDS."""
        for port, process in self.current.items():
            _wait_until_ready(process, f"http://{LOCAL}:{port}{self.prefix}", "a web process has not started")

    def restart(self) -> None:
        """Start those again that have ended."""
        for port, process in self.current.items():
            if process.poll() is not None:
                time.sleep(RESTART_SECONDS)
                self.processes.remove(process)
                self.current[port] = self._start(port)


def environment(count: int) -> dict[str, str]:
    """The environment of each of `count` web processes: its share of the workers, one at least."""
    return {**os.environ, "BNVIZ_WORKERS": str(max(1, math.ceil(engine.worker_count() / count)))}


def _reachable(options: Mapping[str, object]) -> str:
    """The host by which this machine reaches what listens where `options` say."""
    host = str(options.get("host", ""))
    return LOCAL if host in ("", "0.0.0.0", "::") else _bracketed(host)


def _bracketed(host: str) -> str:
    """A host as addresses have it: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def configuration(folder: Path, options: Mapping[str, object], port: int, ports: list[int]) -> str:
    """nginx's configuration: it listens at `port`, the web processes at `ports`; its own files lie in `folder`."""
    servers = "\n        ".join(f"server {LOCAL}:{one} max_fails=0;" for one in ports)
    host = str(options.get("host", ""))
    address = f"{_bracketed(host)}:{port}" if host else str(port)
    return NGINX.format(folder=folder, servers=servers, address=address)


def _check(options: Mapping[str, object], port: int) -> None:
    """Raise BadSetting for what nginx could not serve: a prefix with odd letters, or a port that is in use."""
    prefix = str(options.get("base_path", ""))
    if not PREFIX.fullmatch(prefix):
        raise BadSetting(f"--base-path {prefix!r}: expected letters, digits, and / - _ . ~")
    with contextlib.suppress(OSError), socket.create_connection((_reachable(options).strip("[]"), port), 5):
        raise BadSetting(f"--port {port}: another program already uses this port")


def _nginx() -> str:
    """Where nginx is; Debian keeps it where only the administrator's shell looks."""
    path = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if not path:
        raise BadSetting("--processes needs nginx, which is not installed here (Debian and Ubuntu: apt install nginx-light)")
    return path


def _free_ports(count: int) -> list[int]:
    """Ports that are free now, all different: they are let go together."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((LOCAL, 0))
        return [one.getsockname()[1] for one in sockets]


@contextlib.contextmanager
def _stopping(processes: list[subprocess.Popen[bytes]]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that are told to end when the block does, and killed if they do not."""
    try:
        yield processes
    finally:
        for process in processes:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in processes:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], address: str, failure: str) -> None:
    """Until the app at an address serves visitors. Raises BadSetting if `process` ends, or it takes over START_SECONDS."""
    deadline = time.monotonic() + START_SECONDS
    while not _is_ready(f"{address.rstrip('/')}/bnviz/readyz"):
        if process.poll() is not None or time.monotonic() > deadline:
            raise BadSetting(f"{failure}: its own message is above")
        time.sleep(LOOK_SECONDS)


def _is_ready(address: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=5) as answer:  # an HTTPError is one, too
        return answer.status == 200
    return False
