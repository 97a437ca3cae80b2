"""The callback with the Trainer of Hugging Face, where it is installed: `make test` does not, because it brings much along."""

import pytest
import torch
from torch import nn

transformers = pytest.importorskip("transformers", reason='pip install "bnviz[hugging_face]" to try it')
pytest.importorskip("accelerate", reason='pip install "bnviz[hugging_face]" to try it')

from bnviz.integrations.hugging_face import RecorderCallback  # noqa: E402
from tests.recorder.training import cross_entropy, examples, mlp  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # of the libraries, about their own dependencies
X, Y = examples()


class Model(nn.Module):
    """A small network that brings its loss, as theirs do."""

    def __init__(self):
        super().__init__()
        self.network = mlp(nn.BatchNorm1d)

    def forward(self, x, labels=None):
        logits = self.network(x)
        return {"loss": cross_entropy(logits, labels), "logits": logits}


def train(folder, *callbacks):
    """4 steps of the optimizer, of 2 minibatches each."""
    torch.manual_seed(0)
    model = Model()
    data = [{"x": x, "labels": y} for x, y in zip(X, Y, strict=True)]
    options = {"max_steps": 4, "per_device_train_batch_size": 8, "gradient_accumulation_steps": 2, "use_cpu": True}
    quiet = {"report_to": [], "save_strategy": "no", "disable_tqdm": True, "logging_strategy": "no"}
    args = transformers.TrainingArguments(output_dir=str(folder), **options, **quiet)
    transformers.Trainer(model, args, train_dataset=data, callbacks=list(callbacks)).train()
    return model.state_dict()


def test_training_is_recorded_and_ends_the_same(tmp_path):
    callback = RecorderCallback(probe={"x": X, "labels": Y}, out=tmp_path / "run.ndjson", every=1)
    states = train(tmp_path), train(tmp_path, callback)
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    header, *snapshots, end = callback.recorder.messages()
    assert header["total_steps"] == 4 and [one["step"] for one in snapshots] == [0, 1, 2, 3, 4] and end["status"] == "finished"
    last = snapshots[-1]["arms"]["model"]
    assert header["layers"][0]["name"] == "network.1" and max(last["gradient_norm"]) > 0
    assert last["probe_loss"] < snapshots[0]["arms"]["model"]["probe_loss"]
