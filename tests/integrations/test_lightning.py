"""The callback with Lightning itself, where it is installed: `make test` does not, because it brings much along."""

import pytest
import torch
from torch import nn

lightning = pytest.importorskip("lightning", reason='pip install "bnviz[lightning]" to try it')

from bnviz.integrations.lightning import RecorderCallback  # noqa: E402
from tests.recorder.training import cross_entropy, examples, mlp  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # of Lightning, about its own dependencies and so few batches
X, Y = examples()


class Module(lightning.LightningModule):
    """A small network for Lightning."""

    def __init__(self):
        super().__init__()
        self.network = mlp(nn.BatchNorm1d)

    def forward(self, x):
        return self.network(x)

    def training_step(self, batch, _):
        x, y = batch
        return cross_entropy(self(x), y)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def train(folder, *callbacks):
    """Two epochs of 4 minibatches, with a step of the optimizer after every two of them."""
    torch.manual_seed(0)
    module = Module()
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X, Y), batch_size=16)
    options = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
    accumulate = {"max_epochs": 2, "accumulate_grad_batches": 2, "accelerator": "cpu", "default_root_dir": folder}
    lightning.Trainer(callbacks=list(callbacks), **options, **accumulate).fit(module, loader)
    return module.state_dict()


def test_training_is_recorded_and_ends_the_same(tmp_path):
    callback = RecorderCallback(probe=(X, Y), loss=cross_entropy, out=tmp_path / "run.ndjson", every=1)
    states = train(tmp_path), train(tmp_path, callback)
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    header, *snapshots, end = callback.recorder.messages()
    assert header["total_steps"] == 4 and [one["step"] for one in snapshots] == [0, 1, 2, 3, 4] and end["status"] == "finished"
    assert snapshots[-1]["epoch"] == 2 and header["layers"][0]["name"] == "network.1"
    assert max(snapshots[-1]["arms"]["model"]["gradient_norm"]) > 0
    torch.manual_seed(0)
    first = sum(cross_entropy(Module()(part), y) for part, y in zip(X[:32].split(16), Y[:32].split(16), strict=True)) / 2
    assert snapshots[1]["arms"]["model"]["train_loss"] == pytest.approx(first.item(), rel=0.2)


def test_what_ended_training_is_recorded(tmp_path):
    class Broken(lightning.Callback):
        def on_train_batch_end(self, *_):
            raise RuntimeError("out of memory")

    callback = RecorderCallback(probe=(X, Y), loss=cross_entropy, every=1)
    with pytest.raises(RuntimeError):
        train(tmp_path, callback, Broken())
    *_, end = callback.recorder.messages()
    assert (end["status"], end["message"]) == ("failed", "RuntimeError: out of memory")
