"""A linear map to be learnt: what a deep linear net needs."""

from __future__ import annotations

import numpy as np

FEATURES = 10
EXAMPLES = 1000


def linear_map() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """x_train, y_train, x_test, y_test [1000, 10] float32: Gaussian inputs, and targets y = Ax for one random matrix A.

    After the deep linear network of Santurkar et al. 2018 (appendix): theirs are the Gaussian inputs in R^10, 1,000 samples and
    layers of 10×10. How their targets are made is not followed to the letter: here A's entries have variance 1/10, so that
    targets are as large as inputs, and there is no noise, so that a linear net can reach loss 0.
    """
    generator = np.random.default_rng(20180529)  # one fixed set, whatever an experiment's seed
    matrix = generator.normal(0.0, FEATURES**-0.5, (FEATURES, FEATURES))
    x_train, x_test = generator.normal(size=(2, EXAMPLES, FEATURES))
    x_train = (x_train - x_train.mean()) / x_train.std()  # exactly, as all data sets here
    arrays = x_train, x_train @ matrix.T, x_test, x_test @ matrix.T
    return tuple(array.astype(np.float32) for array in arrays)
