"""A Dask scheduler and its workers as processes of this machine, started as docs/cluster.md says, but on loopback only."""

import contextlib
import json
import os
import subprocess
import sys
import time

from distributed import Client

from tests import ROOT


class Cluster:
    """A scheduler whose files are in `folder`, and the workers that are added to it; `close` ends them all."""

    def __init__(self, folder):
        self.folder, self.processes = folder, []
        self.scheduler = self.start("scheduler", "--port", "0")
        self.address = json.loads(_wait_for(self._scheduler_file))["address"]
        self.client = Client(self.address, set_as_default=False)

    def _scheduler_file(self):
        path = self.folder / "scheduler.json"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        return text if text.rstrip().endswith("}") else ""

    def start(self, kind, *options, cwd=ROOT):
        loopback = ("--host", "127.0.0.1", "--no-dashboard", "--dashboard-address", "127.0.0.1:0")
        command = [sys.executable, "-m", "dask", kind, "--scheduler-file", str(self.folder / "scheduler.json")]
        with open(self.folder / f"{kind}.log", "ab") as log:
            process = subprocess.Popen(
                [*command, *loopback, *options],
                cwd=cwd,
                env={**os.environ, "DASK_CONFIG": str(ROOT / "cluster.yaml"), "PYTHONPATH": ""},
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)
        return process

    def add_workers(self, count, *options, cwd=ROOT):
        """Start workers, several with nannies that replace those that die; `wait_for_workers` waits until they are there."""
        options = (*options, "--nworkers", str(count)) if count > 1 else (*options, "--no-nanny")
        return self.start("worker", "--nthreads", "1", "--local-directory", str(self.folder), *options, cwd=cwd)

    def wait_for_workers(self, count):
        _wait_for(lambda: len(self.client.nthreads()) >= count)

    def busy(self):
        """The process ids of the workers that compute something."""
        pids = self.client.run(os.getpid)
        return [pids[address] for address, keys in self.client.processing().items() if keys]

    def is_idle(self):
        """Whether nothing is computed, not even by a thread that has not noticed yet, and the scheduler knows of no task."""
        running = self.client.run(lambda dask_worker: len(dask_worker.state.all_running_tasks))
        return not any(running.values()) and not self.client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))

    def close(self):
        with contextlib.suppress(RuntimeError, OSError):  # the connection may be gone, with a scheduler that a test has killed
            self.client.close()
        for process in reversed(self.processes):
            if "--nworkers" in process.args:  # a nanny ends its workers
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(15)
            process.kill()
            process.wait()


def _wait_for(state, seconds=60):
    deadline = time.monotonic() + seconds
    while not (value := state()):
        if time.monotonic() > deadline:
            raise TimeoutError("Dask did not start")
        time.sleep(0.01)
    return value
