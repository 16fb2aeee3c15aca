"""What is read exactly off the demo product's own screens: the error, codes, numbers of orders and invoices, amounts.

    python tests/bench/entities.py [--keep FOLDER] [--limit N]

Photographs every planted fault in light and dark, at 1x and 2x, on desktop and phone, takes the truth from the page
itself (its visible text, and what stands in its alert), and prints shares and misses. Needs Chromium.
"""

import argparse
import re
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "examples")]

from PIL import Image  # noqa: E402
from playwright.sync_api import Page, sync_playwright  # noqa: E402
from render import FAULTS, FLAGS, LOOKS, demo_server  # noqa: E402

from bot.screenshots import entities  # noqa: E402
from bot.screenshots.icons import parted  # noqa: E402
from bot.screenshots.ocr import Reader  # noqa: E402

TRUTH = {
    "code": re.compile(r"\bTB-\d{4}\b"),
    "invoice": re.compile(r"\bINV-\d+\b"),
    "order": re.compile(r"\bORD-\d+\b"),
    "amount": re.compile(r"\$\d[\d,]*(?:\.\d\d)?"),
    "date": re.compile(r"\b\d{1,2} (?:[A-Z][a-z]+) 20\d\d\b"),
}
VISIBLE = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), out = []
  while (walker.nextNode()) {
    const range = document.createRange(); range.selectNodeContents(walker.currentNode)
    const b = range.getBoundingClientRect()
    if (!b.width || b.top < 0 || b.left < 0 || b.bottom > innerHeight || b.right > innerWidth) continue
    const top = document.elementFromPoint((b.left + b.right) / 2, (b.top + b.bottom) / 2)
    if (!top || !(top.contains(walker.currentNode) || walker.currentNode.parentElement.contains(top))) continue
    out.push(walker.currentNode.textContent)
  }
  const alert = [...document.querySelectorAll('[role=alert]')].at(-1)
  const seen = alert && alert.getBoundingClientRect().bottom <= innerHeight
  const error = seen ? [...alert.querySelectorAll('strong, p')].map(e => e.innerText) : []
  return {lines: out, error, all: [document.body.innerText]}
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="folder for the pictures")
    parser.add_argument("--limit", type=int, default=1000)
    options = parser.parse_args()
    reader = Reader(2)
    reader.prepare()
    right, asked, invented, misses = Counter[str](), Counter[str](), Counter[str](), []
    with tempfile.TemporaryDirectory() as temporary, demo_server() as address, sync_playwright() as playwright:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for fault, look in [(f, k) for f in FAULTS for k in LOOKS][: options.limit]:
            context = browser.new_context(
                viewport={"width": look.width, "height": look.height}, device_scale_factor=look.scale
            )
            page = context.new_page()
            to = folder / f"{fault.name}-{look.name}.png"
            truth = photograph(page, f"{address}?plain&theme={look.theme}&fault={fault.name}", to)
            context.close()
            picture = Image.open(to).convert("RGB")
            facts = entities.find(parted(reader.examine(picture).lines)[0], picture)
            compare(to.stem, truth, facts, right, asked, invented, misses)
            print(f"\r{sum(asked.values())} things asked", end="", file=sys.stderr)
        browser.close()
    reader.close()
    print(file=sys.stderr)
    for kind in asked:
        print(
            f"{kind:<8} right {right[kind]}/{asked[kind]} = {right[kind] / asked[kind]:.1%}  invented {invented[kind]}"
        )
    print(*misses, sep="\n")


def photograph(page: Page, address: str, to: Path) -> dict[str, list[str]]:
    page.goto(address)
    page.wait_for_selector("#main h1")
    page.mouse.move(2, 2)
    page.screenshot(path=to)
    return dict(page.evaluate(VISIBLE))


def compare(
    name: str,
    truth: dict[str, list[str]],
    facts: entities.Facts,
    right: Counter[str],
    asked: Counter[str],
    invented: Counter[str],
    misses: list[str],
) -> None:
    """Count one screen's error and values; spaces and line ends in the error do not count, all else does."""
    if truth["error"]:
        wanted, got = " ".join(" ".join(truth["error"]).split()), " ".join(facts.error.split())
        asked["error"] += 1
        right["error"] += wanted == got
        misses += [f"{name} error: {wanted!r} read as {got!r}"] if wanted != got else []
    text = "\n".join(truth["lines"])
    for kind, pattern in TRUTH.items():
        wanted_values = set(pattern.findall(text))
        got_values = {e.text for e in facts.entities if e.kind == kind}
        asked[kind] += len(wanted_values)
        right[kind] += len(wanted_values & got_values)
        surplus = {v for v in got_values if v not in truth["all"][0]}
        invented[kind] += len(surplus)
        misses += [f"{name} {kind}: missed {sorted(wanted_values - got_values)}"] if wanted_values - got_values else []
        misses += [f"{name} {kind}: invented {sorted(surplus)}"] if surplus else []


if __name__ == "__main__":
    main()
