"""A snapshot against those of other programs that record a model's layers: torchinstruments and torchexplorer.

python -m benchmarks peers

Only this benchmark installs the peers, into build/peers: an environment of its own that borrows PyTorch from this one. If a peer
cannot be installed or does not run, its row says so. A peer's snapshot is one pass over the probe, without gradients. Ours has
two, as in training and in evaluation.
"""

from __future__ import annotations

import json
import os
import site
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor, nn

import bnviz
from benchmarks import Row, seconds
from benchmarks.recorder import convolutional, probe

ROOT = Path(__file__).parent.parent
ENVIRONMENT = ROOT / "build" / "peers"
PATIENCE = 300  # seconds, to install a peer or to measure it
REPETITIONS = 7


def torchinstruments(model: nn.Module, folder: str) -> None:
    """Attach it as it is by default, but to every pass."""
    from torchinstruments import inject_observer  # type: ignore[import-not-found]

    inject_observer(model, interval=timedelta(microseconds=1), output_dir=Path(folder) / "stats")


def torchexplorer(model: nn.Module, folder: str) -> None:
    """Attach its histograms of inputs and outputs to every pass. It lays out its graph in a backward pass, which is left out."""
    from torchexplorer import watch  # type: ignore[import-not-found]

    watch(model, log=["io"], log_freq=1, backend="none", verbose=False)


PEERS: dict[str, Callable[[nn.Module, str], None]] = {"torchinstruments": torchinstruments, "torchexplorer": torchexplorer}
MEASURED = {"torchinstruments": "as by default", "torchexplorer": "1,000 values a tensor, no gradients and no layout"}


def rows() -> Iterator[Row]:
    """A row for each peer."""
    for name in PEERS:
        what = f"a snapshot of a small CNN, against {name}"
        try:
            yield _row(what, json.loads(_measured(name)))
        except (subprocess.SubprocessError, OSError, ValueError) as error:
            yield Row(what, f"{name}: {_reason(error)}", "–", "–", "≤ 0.5")


def _row(what: str, measured: dict[str, float | str]) -> Row:
    ours, peer = float(measured["ours"]), float(measured["peer"])
    return Row(what, f"{measured['name']}: {1e3 * peer:.0f} ms", f"{1e3 * ours:.0f} ms", f"{ours / peer:.2f}", "≤ 0.5")


def _reason(error: Exception) -> str:
    """Why there are no numbers, in a line that fits into a table."""
    text = getattr(error, "stderr", None) or str(error)
    last = [line for line in str(text).splitlines() if line.strip()][-1:] or [type(error).__name__]
    return f"does not run here ({last[0].strip()[:120].replace('|', '/')})"


def _measured(name: str) -> str:
    """What `measure` prints of a peer, in the peers' environment. Raises what `subprocess` raises."""
    python = str(_python())
    _run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", name)
    return _run(python, "-m", "benchmarks.peers", name).splitlines()[-1]


def _run(*command: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=True)
    return done.stdout


def _python() -> Path:
    """The interpreter of the peers' environment, which is made if it is not there."""
    folder = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
    if not (ENVIRONMENT / "pyvenv.cfg").exists():
        venv.create(ENVIRONMENT, with_pip=True)
        (packages,) = [*ENVIRONMENT.glob("lib/python*/site-packages"), *ENVIRONMENT.glob("Lib/site-packages")][:1]
        (packages / "borrowed.pth").write_text("\n".join(site.getsitepackages()) + "\n", encoding="utf-8")  # after the peers' own
    return folder / "python"


def measure(name: str) -> dict[str, float | str]:
    """Seconds of a snapshot of ours and of a peer, in turns; and the peer's name with its version."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    images, labels = probe()
    recorder = bnviz.record(convolutional(), (images, labels), nn.functional.cross_entropy, every=1)
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        model = convolutional()
        PEERS[name](model, folder)
        ours, peer = seconds(recorder.step, lambda: _pass(model, images), repetitions=REPETITIONS)
    return {"name": f"{name} {version(name)}, {MEASURED[name]}", "ours": ours, "peer": peer}


@torch.no_grad()
def _pass(model: nn.Module, images: Tensor) -> None:
    model(images)


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])))
