"""The fit of a ranking's weights ends where its slope is flat, whatever it starts from."""

import numpy as np
import pytest
from numpy.typing import NDArray

from bot.learning.softmax import fit

GROUPS, SIZE, COLUMNS = 150, 70, 12
MISLED = 0.3
Floats = NDArray[np.float32]


def cases(seed: int) -> tuple[Floats, NDArray[np.bool_], NDArray[np.int64]]:
    """Groups in which one candidate stands out by every column, as in a ranking, and is wrong in MISLED of them: a step
    too far makes these look hopeless, and from there whole steps of Newton's method never come back."""
    chance = np.random.default_rng(seed)
    shared = 0.2 * chance.random((GROUPS, SIZE))
    best = chance.integers(SIZE, size=GROUPS)
    shared[np.arange(GROUPS), best] = 1
    answer = np.where(chance.random(GROUPS) < MISLED, chance.integers(SIZE, size=GROUPS), best)
    right = answer[:, None] == np.arange(SIZE)
    rows = shared.reshape(-1, 1) + 0.15 * chance.random((GROUPS * SIZE, COLUMNS))
    return rows.astype(np.float32), right.ravel(), np.full(GROUPS, SIZE)


def slope(weights: Floats, rows: Floats, right: NDArray[np.bool_], ridge: float) -> NDArray[np.float64]:
    """The gradient of the penalised log-likelihood, worked out group by group."""
    total = -ridge * weights.astype(np.float64)
    for group in range(GROUPS):
        mine = slice(group * SIZE, (group + 1) * SIZE)
        power = np.exp((rows[mine] @ weights).astype(np.float64))
        total += rows[mine].T @ (power * right[mine] / power[right[mine]].sum() - power / power.sum())
    return total


@pytest.mark.parametrize("ridge", [1.0, 8.0, 20.0, 50.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_weights_found_are_where_nothing_is_gained_any_more(seed: int, ridge: float) -> None:
    rows, right, sizes = cases(seed)
    weights = fit(rows, right, sizes, np.ones(GROUPS, np.float32), ridge)
    start = np.abs(slope(np.zeros(COLUMNS, np.float32), rows, right, ridge)).max()
    assert np.abs(slope(weights, rows, right, ridge)).max() < 0.01 * start


def test_a_better_column_gets_more_weight_and_the_right_ones_come_first() -> None:
    rows, right, sizes = cases(4)
    rows[:, 0] += right
    weights = fit(rows, right, sizes, np.ones(GROUPS, np.float32))
    first = (rows @ weights).reshape(GROUPS, SIZE).argmax(axis=1)
    assert weights.argmax() == 0
    assert right.reshape(GROUPS, SIZE)[np.arange(GROUPS), first].mean() > 0.95
