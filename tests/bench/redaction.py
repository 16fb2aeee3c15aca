"""How well private places are found and covered, end to end, on pages with planted items.

    python tests/bench/redaction.py FOLDER... [--details FOLDER]

A folder holds pictures (.png) with their truth beside them (.json: `planted` with kind, text and box, `words` with
text and box), as `pages.py --private` draws them. An item counts as covered when 95 % of its ink lies in the boxes.

    zero leak    share of the pages on which every item is covered
    items        share of the items covered, in all and by kind
    other words  share of the words that are not private and half covered
"""

import argparse
import json
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from bot.conversation import Box
from bot.screenshots import private, redaction
from bot.screenshots.ocr import Reader

COVERED = 0.95


@dataclass
class Tally:
    """The counts of one folder."""

    pages: int = 0
    clean: int = 0
    items: Counter[str] = field(default_factory=Counter)
    covered: Counter[str] = field(default_factory=Counter)
    words: int = 0
    smashed: int = 0
    seconds: list[float] = field(default_factory=list)
    misses: dict[str, list[tuple[str, Box]]] = field(default_factory=lambda: defaultdict(list))


def measure(folder: Path, reader: Reader) -> Tally:
    """Reads, finds and scores every page of `folder`."""
    tally = Tally()
    for path in sorted(folder.glob("*.png")):
        truth = json.loads(path.with_suffix(".json").read_text())
        picture = Image.open(path).convert("RGB")
        lines = reader.examine(picture).lines
        started = time.perf_counter()
        found = redaction.find(lines, picture)
        tally.seconds.append(time.perf_counter() - started)
        covered = np.zeros((picture.height, picture.width), bool)
        for place in found:
            left, top, right, bottom = (max(0, round(v)) for v in place.box)
            covered[top:bottom, left:right] = True
        _score(tally, path.stem, truth, covered, np.asarray(picture.convert("L"), np.int16))
    return tally


def _score(tally: Tally, page: str, truth: dict[str, Any], covered: np.ndarray, grey: np.ndarray) -> None:
    asked = [item for item in truth["planted"] if not item["cut"]]
    whole = True
    for item in asked:
        rows, columns = _slices(item["box"])
        part = grey[rows, columns]
        off = np.abs(part - np.median(part)) if part.size else part
        ink = off > 0.4 * off.max(initial=0)
        ok = bool(ink.any()) and covered[rows, columns][ink].mean() >= COVERED
        tally.items[item["kind"]] += 1
        tally.covered[item["kind"]] += ok
        if not ok:
            whole = False
            tally.misses[page].append((f"leak-{item['kind']}", tuple(item["box"])))
    tally.pages += bool(asked)
    tally.clean += bool(asked) and whole
    for word in truth["words"]:
        if any(_touch(word["box"], item["box"]) for item in truth["planted"]) or private.spans(word["text"]):
            continue
        rows, columns = _slices(word["box"])
        part = covered[rows, columns]
        tally.words += 1
        if part.size and part.mean() >= 0.5:
            tally.smashed += 1
            tally.misses[page].append(("over", tuple(word["box"])))


def _slices(box: list[float]) -> tuple[slice, slice]:
    return slice(max(0, round(box[1])), round(box[3])), slice(max(0, round(box[0])), round(box[2]))


def _touch(a: list[float], b: list[float]) -> bool:
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])


def _crops(folder: Path, tally: Tally, to: Path) -> None:
    """A crop around every miss, so that a person can look at it."""
    to.mkdir(parents=True, exist_ok=True)
    for page, misses in tally.misses.items():
        picture = Image.open(folder / f"{page}.png").convert("RGB")
        for n, (what, box) in enumerate(misses):
            around = (max(0, box[0] - 120), max(0, box[1] - 40), box[2] + 120, box[3] + 40)
            picture.crop(tuple(map(round, around))).save(to / f"{folder.name}-{page}-{n}-{what}.png")


def main() -> None:
    """Prints one row per folder and, below, the share of each kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--details", type=Path, help="write a crop of every miss there")
    args = parser.parse_args()
    reader = Reader()
    print(f"{'set':<22}{'pages':>6}{'zero leak':>11}{'items':>7}{'found':>8}{'other words':>13}{'s/page':>9}")
    for folder in args.folders:
        tally = measure(folder, reader)
        items, covered = tally.items.total(), tally.covered.total()
        clean, over = tally.clean / max(1, tally.pages), tally.smashed / max(1, tally.words)
        print(f"{folder.name:<22}{tally.pages:>6}{clean:>11.1%}{items:>7}", end="")
        print(f"{covered / max(1, items):>8.1%}{over:>13.2%}{np.median(tally.seconds):>9.3f}")
        print("    " + "  ".join(f"{k} {tally.covered[k]}/{n}" for k, n in sorted(tally.items.items())))
        if args.details:
            _crops(folder, tally, args.details)
    reader.close()


if __name__ == "__main__":
    main()
