"""Where stacks train: on the processor, or on the accelerator that BNVIZ_DEVICE names."""

from __future__ import annotations

import os

import torch


def device() -> torch.device:
    """BNVIZ_DEVICE as PyTorch names it ("cuda", "cuda:1"), or the processor. Raises ValueError where there is no such device."""
    name = os.environ.get("BNVIZ_DEVICE", "").strip() or "cpu"
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:  # PyTorch asserts that it was built with CUDA
        raise ValueError(f"BNVIZ_DEVICE = {name}: PyTorch finds no such device here ({str(error).splitlines()[0]})") from error
    return torch.device(name)
