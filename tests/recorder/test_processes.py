"""Several processes that train one network: the first one records, and nobody waits for it."""

import os
import socket
import subprocess
import sys

import pytest
import torch

from bnviz.record import ndjson
from tests import ROOT

pytestmark = pytest.mark.slow

TRAINING = """
import os, sys
import torch, torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
import bnviz
from tests.recorder.training import cross_entropy, examples, mlp

folder, record = sys.argv[1], sys.argv[2] == "record"
dist.init_process_group("gloo")
rank = dist.get_rank()
torch.manual_seed(0)
x, y = examples()
model = DistributedDataParallel(mlp())
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
out = f"{folder}/run.ndjson"
recorder = bnviz.record(model, probe=(x, y), loss=cross_entropy, out=out, every=1) if record else None
for step in range(3):
    part = slice(16 * (2 * step + rank) % 64, 16 * (2 * step + rank) % 64 + 16)
    optimizer.zero_grad()
    loss = cross_entropy(model(x[part]), y[part])
    loss.backward()
    optimizer.step()
    if recorder:
        recorder.step(loss=loss)
if recorder:
    recorder.close()
torch.save(model.module.state_dict(), f"{folder}/{sys.argv[2]}-{rank}.pt")
dist.destroy_process_group()
"""


def run(folder, mode):
    """Train in two processes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2", "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", TRAINING, str(folder), mode],
            cwd=ROOT,
            env={**os.environ, **environment, "RANK": str(rank)},
        )
        for rank in range(2)
    ]
    assert [process.wait(120) for process in processes] == [0, 0]


@pytest.mark.skipif(not torch.distributed.is_available(), reason="this PyTorch trains in one process only")
def test_the_first_of_two_processes_records_and_training_is_untouched(tmp_path):
    run(tmp_path, "record")
    run(tmp_path, "plain")
    header, *snapshots, end = ndjson.read((tmp_path / "run.ndjson").read_bytes().splitlines())
    assert [snapshot["step"] for snapshot in snapshots] == [0, 1, 2, 3] and end["status"] == "finished"
    assert header["layers"][0]["name"] == "1"
    for rank in range(2):
        recorded, plain = (torch.load(tmp_path / f"{mode}-{rank}.pt") for mode in ("record", "plain"))
        assert all(torch.equal(recorded[key], value) for key, value in plain.items())
