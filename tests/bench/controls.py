"""Learns how much each piece of evidence weighs for "this label can be used", and prints the table for `controls`.

    python tests/bench/controls.py FOLDER...        # pages with truth, the open sets' and our own (pages.py)

Mostly from pairs: the same name on one page, once on a control and once not (a heading, a sentence). Pairs of any
control with any other text of its page count a fiftieth. With several folders, each is also left out once, and how
often its own pairs come out right is printed.
"""

import argparse
import json
import random
import sys
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from bot.screenshots.evidence import NAMES, Evidence
from bot.screenshots.grounding import plain
from bot.screenshots.ocr import Reader


class Pairs(NamedTuple):
    """Differences of evidence, control minus other text; how much each counts; and the rows they came from."""

    differences: np.ndarray
    weights: np.ndarray
    usable: np.ndarray
    other: np.ndarray


def pairs(folder: Path, reader: Reader) -> Pairs:
    """The pairs of all pages of a folder."""
    rng, differences, weights = random.Random(0), [], []
    usable: list[np.ndarray] = []
    other: list[np.ndarray] = []
    for path in sorted(folder.glob("*.png")):
        truth = json.loads(path.with_suffix(".json").read_text())
        picture = Image.open(path).convert("RGB")
        evidence = Evidence(reader.examine(picture).lines, picture)
        sides: dict[bool, list[int]] = defaultdict(list)
        for n, label in enumerate(evidence.found):
            x, y = (label.box[0] + label.box[2]) / 2, (label.box[1] + label.box[3]) / 2
            on = any(
                c["textual"] and c["box"][0] <= x <= c["box"][2] and c["box"][1] <= y <= c["box"][3]
                for c in truth["controls"]
            )
            sides[on].append(n)
        names = [plain(label.text) for label in evidence.found]
        usable += [evidence.rows[n] for n in sides[True]]
        other += [evidence.rows[n] for n in sides[False]]
        if not (sides[True] and sides[False]):
            continue
        same = [(a, b) for a in sides[True] for b in sides[False] if len(names[a]) > 2 and names[a] == names[b]]
        any_two = [(rng.choice(sides[True]), rng.choice(sides[False])) for _ in range(60)]
        differences += [evidence.rows[a] - evidence.rows[b] for a, b in same + any_two]
        weights += [1.0] * len(same) + [0.02] * len(any_two)
    return Pairs(np.array(differences), np.array(weights), np.array(usable), np.array(other))


def learn(sets: list[Pairs], ridge: float = 1.0) -> tuple[np.ndarray, float]:
    """Weights by logistic regression on the differences (Newton's method), and the bias between the two medians."""
    x, counts = np.vstack([s.differences for s in sets]), np.concatenate([s.weights for s in sets])
    w = np.zeros(x.shape[1])
    for _ in range(60):
        p = 1 / (1 + np.exp(-x @ w))
        slope = x.T @ (counts * (p - 1)) + ridge * w
        curve = (x * (counts * p * (1 - p))[:, None]).T @ x + ridge * np.eye(len(w))
        w -= np.linalg.solve(curve, slope)
    middle = (
        np.median(np.vstack([s.usable for s in sets]) @ w) + np.median(np.vstack([s.other for s in sets]) @ w)
    ) / 2
    return w, -float(middle)


def main() -> None:
    """Prints how each folder fares when it was left out, then the weights learned from all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    args = parser.parse_args()
    reader = Reader()
    sets = [pairs(folder, reader) for folder in args.folders]
    reader.close()
    for n, folder in enumerate(args.folders):
        rest = sets[:n] + sets[n + 1 :]
        if rest:
            w, _ = learn(rest)
            same = sets[n].differences[sets[n].weights == 1]
            right = float((same @ w > 0).mean()) if len(same) else 1.0
            print(f"{folder.name:<20} left out: {right:.3f} of {len(same)} pairs right")
    w, bias = learn(sets)
    print("WEIGHTS = {")
    for name, value in zip(NAMES, w, strict=True):
        print(f'    "{name}": {value:.2f},')
    print(f"}}\nBIAS = {bias:.2f}")


if __name__ == "__main__":
    main()
