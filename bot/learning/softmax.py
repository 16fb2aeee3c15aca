"""Fits weights so that, within each group of candidates, the right ones get the probability. Plain numpy.

Not here: what the columns mean.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
STEPS = 15
SETTLED = 1e-3
"""Loss that a step must still save, for another to be worth it."""
SHORTEST = 1e-3
"""Of a step: one that saves nothing even so is not taken."""


def fit(
    rows: Floats, right: NDArray[np.bool_], sizes: NDArray[np.int64], weights: Floats, ridge: float = 5.0
) -> Floats:
    """Weights of the columns of `rows`; groups stand one after another, `sizes` rows each, each with a right one.

    `weights` says how much each group counts. Newton's method on the conditional log-likelihood with a ridge penalty;
    a step is halved until it saves what its slope promises, since whole ones can run away from a flat start.
    """
    group = np.repeat(np.arange(len(sizes)), sizes)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    heavy = weights[group].astype(np.float32)
    found = np.zeros(rows.shape[1])
    loss, said, wanted = _shares(rows, found, right, starts, weights, ridge)
    for _ in range(STEPS):
        slope = rows.T @ ((wanted - said) * heavy) - ridge * found
        mean = np.add.reduceat(rows * said[:, None], starts, axis=0)
        bend = rows.T @ (rows * (said * heavy)[:, None]) - (mean * weights[:, None]).T @ mean
        step = np.linalg.solve(bend + ridge * np.eye(len(found)), slope)
        part, before = 1.0, loss
        while part > SHORTEST:
            tried = found + part * step
            loss, said, wanted = _shares(rows, tried, right, starts, weights, ridge)
            if loss <= before - 1e-4 * part * float(slope @ step):
                break
            part /= 2
        else:
            break
        found = tried
        if before - loss < SETTLED:
            break
    return found.astype(np.float32)


def _shares(
    rows: Floats,
    found: NDArray[np.float64],
    right: NDArray[np.bool_],
    starts: NDArray[np.int64],
    weights: Floats,
    ridge: float,
) -> tuple[float, Floats, Floats]:
    """(the loss, each row's share of its group's probability, each right row's share among the right ones)."""
    sizes = np.diff(np.append(starts, len(rows)))
    scores = (rows @ found.astype(np.float32)).astype(np.float64)
    power = np.exp(scores - np.repeat(np.maximum.reduceat(scores, starts), sizes))
    all_, good = np.add.reduceat(power, starts), np.add.reduceat(power * right, starts)
    good = np.maximum(good, 1e-300)
    loss = float((weights * (np.log(all_) - np.log(good))).sum() + 0.5 * ridge * (found**2).sum())
    said, wanted = power / np.repeat(all_, sizes), power * right / np.repeat(good, sizes)
    return loss, said.astype(np.float32), wanted.astype(np.float32)


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
