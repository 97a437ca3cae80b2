"""Accuracy on attacked inputs and, as a control, on noisy ones (Goodfellow, Shlens & Szegedy 2015; Galloway et al. 2019)."""

from __future__ import annotations

import torch

from bnviz.measures.context import MeasureContext
from bnviz.nets.network import accuracy
from bnviz.nets.normalizers import EVALUATE

SIZE = 0.1  # root mean square of both perturbations, in standard deviations of the inputs, which have variance 1


def robustness(context: MeasureContext) -> dict[str, float]:
    """On the test examples, in evaluation view: `attacked_accuracies`, inputs moved by SIZE along the sign of the loss's gradient
    (FGSM, the fast gradient sign method); `noised_accuracies`, with Gaussian noise of standard deviation SIZE, the same for all
    networks of a seed. Inputs are not clipped. NaN where numbers are predicted.
    """
    network, y = context.network, context.examples.y_test
    x = context.examples.x_test.clone().requires_grad_()
    with torch.enable_grad():
        (gradient,) = torch.autograd.grad(context.loss(network(x, EVALUATE), y), x)
    x = x.detach()
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(context.experiment.seed), dtype=x.dtype)
    with torch.no_grad():
        attacked, noised = (accuracy(network(x + SIZE * one, EVALUATE), y) for one in (gradient.sign(), noise))
    return {"attacked_accuracies": attacked, "noised_accuracies": noised}
