"""The network and its normalizers, in plain PyTorch."""
