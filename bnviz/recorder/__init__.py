"""Recordings of anybody's network: `bnviz.record` measures a model on a fixed probe while it trains. Training is untouched."""
