"""Fits weights so that, within each group of candidates, the right ones get the probability. Plain numpy.

Not here: what the columns mean.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
STEPS = 15


def fit(
    rows: Floats, right: NDArray[np.bool_], sizes: NDArray[np.int64], weights: Floats, ridge: float = 5.0
) -> Floats:
    """Weights of the columns of `rows`; groups stand one after another, `sizes` rows each, each with a right one.

    `weights` says how much each group counts. Newton's method on the conditional log-likelihood with a ridge penalty.
    """
    group = np.repeat(np.arange(len(sizes)), sizes)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    heavy = weights[group].astype(np.float32)
    found = np.zeros(rows.shape[1], np.float32)
    for _ in range(STEPS):
        scores = rows @ found
        power = np.exp(scores - np.maximum.reduceat(scores, starts)[group])
        said = power / np.add.reduceat(power, starts)[group]
        wanted = power * right
        wanted = wanted / np.maximum(np.add.reduceat(wanted, starts)[group], 1e-30)
        slope = rows.T @ ((wanted - said) * heavy) - ridge * found
        mean = np.add.reduceat(rows * said[:, None], starts, axis=0)
        bend = rows.T @ (rows * (said * heavy)[:, None]) - (mean * weights[:, None]).T @ mean
        step = np.linalg.solve(bend + ridge * np.eye(len(found)), slope)
        found = (found + step * min(1.0, 3 / max(np.abs(step).max(), 1e-9))).astype(np.float32)
        if np.abs(step).max() < 1e-3:
            break
    return found


def logistic(rows: Floats, right: NDArray[np.bool_], weights: Floats, ridge: float) -> Floats:
    """Weights of a logistic regression; the last column should be the constant, which is not held down."""
    hold = np.full(rows.shape[1], ridge)
    hold[-1] = 1e-6
    found = np.zeros(rows.shape[1])
    for _ in range(STEPS):
        said = 1 / (1 + np.exp(-(rows @ found)))
        slope = rows.T @ ((right - said) * weights) - hold * found
        bend = rows.T @ (rows * (said * (1 - said) * weights)[:, None]) + np.diag(hold + 1e-6)
        step = np.linalg.solve(bend, slope)
        found = found + step * min(1.0, 3 / max(np.abs(step).max(), 1e-9))
        if np.abs(step).max() < 1e-4:
            break
    return found.astype(np.float32)
