"""How often an instruction leads to the right place, end to end, on pages whose controls are known.

    python tests/bench/pointing.py FOLDER... [--per-page 14] [--absent 2] [--details FOLDER]

A folder holds pictures (.png) with their truth beside them (.json: `controls` with name and box, `words`). Asked for
is every control whose name is readable on it and that no other control bears, `--per-page` of them by chance; and
`--absent` names that are nowhere on the page.

    hit         the centre of the first point lies in the control
    wrong       it lies elsewhere (no point at all is a miss, but not wrong)
    absent      a point is given for a name that is not on the page
    elsewhere   the same for names that stand in other places of the page too
"""

import argparse
import json
import random
import re
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image
from rapidfuzz import fuzz

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from bot.conversation import Box
from bot.screenshots import grounding
from bot.screenshots.grounding import plain
from bot.screenshots.ocr import Reader


class Case(NamedTuple):
    """A name to point to; `box` is None when it is not on the page."""

    name: str
    box: Box | None
    elsewhere: bool = False


def cases(truth: dict[str, Any], foreign: list[str], per_page: int, absent: int, rng: random.Random) -> list[Case]:
    """The cases of one page."""
    names = Counter(plain(c["name"]) for c in truth["controls"])
    fit = [c for c in truth["controls"] if _askable(c, truth) and names[plain(c["name"])] == 1]
    chosen = rng.sample(fit, min(per_page, len(fit)))
    here = plain(
        truth.get("all_text") or " ".join([w["text"] for w in truth["words"]] + [c["name"] for c in truth["controls"]])
    )
    gone = [n for n in foreign if plain(n) not in here and fuzz.partial_ratio(plain(n), here) < 75]
    asked = [Case(c["name"], tuple(c["box"]), _elsewhere(c, truth)) for c in chosen]
    return asked + [Case(name, None) for name in rng.sample(gone, min(absent, len(gone)))]


def _askable(control: dict[str, Any], truth: dict[str, Any]) -> bool:
    name, inside = control["name"], [plain(w["text"]) for w in _words_in(control["box"], truth)]
    return (
        control["textual"]
        and 3 <= len(name) <= 40
        and '"' not in name
        and re.search(r"[A-Za-z]{2}", name) is not None
        and all(plain(word) in inside for word in name.split() if plain(word))
    )


def _words_in(box: list[float], truth: dict[str, Any]) -> list[dict[str, Any]]:
    def inside(b: list[float]) -> bool:
        return box[0] <= (b[0] + b[2]) / 2 <= box[2] and box[1] <= (b[1] + b[3]) / 2 <= box[3]

    return [w for w in truth["words"] if inside(w["box"])]


def _elsewhere(control: dict[str, Any], truth: dict[str, Any]) -> bool:
    wanted = [plain(w) for w in control["name"].split() if plain(w)]
    own = {id(w) for w in _words_in(control["box"], truth)}
    words = [w for w in truth["words"] if plain(w["text"])]
    for n in range(len(words) - len(wanted) + 1):
        run = words[n : n + len(wanted)]
        if (
            [plain(w["text"]) for w in run] == wanted
            and id(run[0]) not in own
            and len({w.get("node") for w in run}) == 1
        ):
            return True
    return False


def main() -> None:
    """Prints one row per folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--per-page", type=int, default=14)
    parser.add_argument("--absent", type=int, default=2)
    parser.add_argument("--details", type=Path, help="write a picture of every miss there")
    args = parser.parse_args()
    reader = Reader()
    print(
        f"{'set':<20}{'cases':>6}{'hit':>8}{'wrong':>8}{'elsewhere':>12}{'hit':>8}{'absent':>9}{'pointed':>9}{'s/page':>8}"
    )
    for folder in args.folders:
        truths = {p: json.loads(p.with_suffix(".json").read_text()) for p in sorted(folder.glob("*.png"))}
        plain_name = re.compile(r"[A-Za-z][A-Za-z &-]{3,30}")
        every = {
            c["name"]
            for t in truths.values()
            for c in t["controls"]
            if c["textual"] and plain_name.fullmatch(c["name"])
        }
        count, seconds = Counter[str](), 0.0
        for path, truth in truths.items():
            picture = Image.open(path).convert("RGB")
            lines = reader.examine(picture).lines
            started = time.perf_counter()
            controls = grounding.controls(lines, picture)
            seconds += time.perf_counter() - started
            for case in cases(
                truth, sorted(filter(plain_name.fullmatch, every)), args.per_page, args.absent, random.Random(path.stem)
            ):
                points = grounding.point(f'click "{case.name}"', lines, controls)
                outcome = _outcome(case, points[0].box if points else None)
                group = "absent" if case.box is None else "elsewhere" if case.elsewhere else "alone"
                count.update([f"{group} {outcome}", group])
                if args.details and outcome not in ("hit", "none"):
                    _show(args.details, f"{folder.name}-{path.stem}", picture, case, points[0].box if points else None)
        asked = count["alone"] + count["elsewhere"]
        hit, wrong = (count[f"alone {o}"] + count[f"elsewhere {o}"] for o in ("hit", "wrong"))
        print(
            f"{folder.name:<20}{asked:>6}{hit / max(1, asked):>8.1%}{wrong / max(1, asked):>8.1%}"
            f"{count['elsewhere']:>12}"
            f"{count['elsewhere hit'] / max(1, count['elsewhere']):>8.1%}{count['absent']:>9}"
            f"{count['absent wrong'] / max(1, count['absent']):>9.1%}{seconds / max(1, len(truths)):>8.3f}"
        )
    reader.close()


def _outcome(case: Case, box: Box | None) -> str:
    if box is None:
        return "none" if case.box is None else "missed"
    if case.box is None:
        return "wrong"
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return "hit" if case.box[0] <= x <= case.box[2] and case.box[1] <= y <= case.box[3] else "wrong"


def _show(folder: Path, page: str, picture: Image.Image, case: Case, box: Box | None) -> None:
    """The page with the right place framed green and the given one red."""
    from PIL import ImageDraw

    folder.mkdir(parents=True, exist_ok=True)
    out = picture.copy()
    pen = ImageDraw.Draw(out)
    for place, colour in ((case.box, "green"), (box, "red")):
        if place:
            pen.rectangle(place, outline=colour, width=3)
    out.save(folder / f"{page}-{re.sub(r'[^A-Za-z0-9]+', '-', case.name)}.png")


if __name__ == "__main__":
    main()
