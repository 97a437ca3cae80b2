"""What stands in front of the app on a server of one's own: nginx and Caddy, with the files in deploy/ or others."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests import ROOT

NGINX = """
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""
CADDY = """{{
	admin off
	auto_https off
	storage file_system {folder}
}}
"""


def shipped(name: str, app: int, port: int, second: int = 0) -> str:
    """A file of deploy/, for the app at one port and visitors at another; perhaps with a `second` app."""
    text = (ROOT / "deploy" / name).read_text(encoding="utf-8")
    for before, after in {
        "127.0.0.1:8501": f"127.0.0.1:{app}",
        "# server 127.0.0.1:8502": f"server 127.0.0.1:{second}" if second else "#",
        "listen 80;": f"listen 127.0.0.1:{port};",
        ":80 {": f":{port} {{\n\tbind 127.0.0.1",
    }.items():
        text = text.replace(before, after)
    return text


@contextlib.contextmanager
def nginx(site: str, port: int, folder: Path) -> Iterator[None]:
    """nginx with the servers of `site`, on this port."""
    (folder / "site.conf").write_text(site.replace("/var/cache/nginx", str(folder)), encoding="utf-8")
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder), encoding="utf-8")
    with _running([installed("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf")], port, folder):
        yield


@contextlib.contextmanager
def caddy(site: str, port: int, folder: Path) -> Iterator[None]:
    """Caddy with the sites of `site`, on this port."""
    (folder / "Caddyfile").write_text(CADDY.format(folder=folder) + site, encoding="utf-8")
    with _running([installed("caddy"), "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"], port, folder):
        yield


def installed(program: str) -> str:
    """Where a program is. Without it there is nothing to test, which in CI is a mistake."""
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin")
    if not path and os.environ.get("CI"):
        pytest.fail(f"{program} is not installed; .ci/run should do that", pytrace=False)
    return path or pytest.skip(f"{program} is not installed")


@contextlib.contextmanager
def _running(command: list[str], port: int, folder: Path) -> Iterator[None]:
    environment = {**os.environ, "HOME": str(folder)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    try:
        deadline = time.monotonic() + 30
        while not _answers(port):
            assert process.poll() is None and time.monotonic() < deadline, (folder / "log").read_text(encoding="utf-8")
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.wait(10)


def _answers(port: int) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"http://127.0.0.1:{port}/").status_code > 0
    return False
