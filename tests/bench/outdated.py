"""How well an article's picture that no longer matches is told from customers' screens, on screens of real products.

    python tests/bench/outdated.py FOLDER... [--seed N]

A FOLDER is a help centre with `articles` and `cases.jsonl`. Each case's screen plays an article's picture; six
customers have crops of it, with other data in place of half the lines that no article names, and misread letters. They
see either the same screen (each picture named is a false alarm) or one on which a label that the articles name has
become another one (how often is it named, and with the right label?). Screens with fewer than twelve lines, or without
such a label away from the edge, are left out.
"""

import argparse
import asyncio
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bot.evaluation.retrieval import read_cases
from bot.knowledge.articles import Passage, Picture
from bot.knowledge.index import Index, build
from bot.knowledge.outdated import Outdated, Witness, outdated
from bot.screenshots.grounding import plain
from bot.screenshots.ocr import Line
from bot.screenshots.screen import Screen
from handlers.cli.reading import queries

CUSTOMERS, FEWEST_LINES = 6, 12
SMALLEST = 0.6
"""Share of the width and height that a crop keeps at least."""
MISREAD = 0.05
OTHER_DATA = 0.5


def crop(screen: Screen, lines: Sequence[Line], chance: random.Random) -> list[Line]:
    width, height = (side * chance.uniform(SMALLEST, 1) for side in (screen.width, screen.height))
    left, top = chance.uniform(0, screen.width - width), chance.uniform(0, screen.height - height)
    inside = (left, top, left + width, top + height)
    return [
        line
        for line in lines
        if line.box[0] >= inside[0]
        and line.box[1] >= inside[1]
        and line.box[2] <= inside[2]
        and line.box[3] <= inside[3]
    ]


def misread(text: str, chance: random.Random) -> str:
    if len(text) < 5 or chance.random() > MISREAD:
        return text
    at = chance.randrange(len(text))
    return text[:at] + chance.choice("lI1oO0rnm") + text[at + 1 :]


def seen(
    screen: Screen, renamed: dict[str, str], labels: set[str], others: list[str], chance: random.Random
) -> list[str]:
    said = []
    for line in crop(screen, screen.lines, chance):
        text = renamed.get(line.text, line.text)
        if plain(line.text) not in labels and chance.random() < OTHER_DATA:
            text = chance.choice(others)
        said.append(misread(text, chance))
    return said


def told(
    screen: Screen, renamed: dict[str, str], passages: list[Passage], labels: set[str], others: list[str], seed: int
) -> list[Outdated]:
    chance = random.Random(seed)
    picture = Picture(path="p.png", text=screen.text, title=screen.where)
    article = Passage(article="its/own.md", number=0, title="", pictures=(picture,))
    customers = [
        Witness(
            conversation=f"c{n}",
            attachment_id=f"c{n}/1",
            at=n,
            articles=("its/own.md",),
            where=screen.where,
            lines=tuple(seen(screen, renamed, labels, others, chance)),
        )
        for n in range(CUSTOMERS)
    ]
    return outdated([*passages, article], customers)


def measure(name: str, index: Index, screens: Sequence[Screen], seed: int) -> None:
    chance = random.Random(seed)
    passages = [index.passage(n) for n in range(len(index.arrays.text_at) - 1)]
    passages = [
        Passage(article=p.article, number=p.number, title=p.title, labels=p.labels, headings=p.headings)
        for p in passages
    ]
    names = sorted({label for p in passages for label in p.labels if 4 <= len(label) <= 30})
    labels = {plain(label) for p in passages for label in (*p.labels, *p.headings, p.title)}
    others = sorted({line.text for s in screens for line in s.lines if plain(line.text) not in labels})
    cases = alarms = found = right = 0
    for number, screen in enumerate(screens):
        inner = [
            line.text
            for line in screen.lines[2:-2]
            if plain(line.text) in labels
            and len(plain(line.text)) > 3
            and 0.3 * screen.height < (line.box[1] + line.box[3]) / 2 < 0.7 * screen.height
            and 0.3 * screen.width < (line.box[0] + line.box[2]) / 2 < 0.7 * screen.width
        ]
        if len(screen.lines) < FEWEST_LINES or not inner:
            continue
        cases += 1
        was, now = chance.choice(inner), chance.choice(names)
        alarms += bool(told(screen, {}, passages, labels, others, number))
        changed = told(screen, {was: now}, passages, labels, others, number)
        found += bool(changed)
        right += bool(changed and was in changed[0].gone)
    share = f"named {found}, with the right label {right}; false alarms {alarms}"
    print(f"{name}: {cases} pictures; of a label renamed: {share}", flush=True)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as indexes:
        for folder in arguments.folders:
            await build(folder / "articles", Path(indexes) / folder.name)
            asked = await queries(read_cases(folder / "cases.jsonl"), folder)
            screens = [screen for query in asked for screen in query.screens]
            measure(folder.name, Index.open(Path(indexes) / folder.name), screens, arguments.seed)


if __name__ == "__main__":
    asyncio.run(main())
