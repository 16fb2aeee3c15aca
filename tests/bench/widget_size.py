"""What a visitor pays for the widget: bytes at first load and later, and the time from click to open panel.

    python tests/bench/widget_size.py [--rounds N]

Needs the built widget (`make setup`) and Chromium. Bytes are those of the files, gzipped at level 9 as a proxy would
send them; times are medians in a fresh browser context each, on the demo's own files, with this machine's load.
"""

import argparse
import gzip
import statistics
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parent.parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "examples")]

from chromium import FLAGS, find  # noqa: E402
from render import demo_server  # noqa: E402

STATIC = ROOT / "handlers" / "web" / "static"
FIRST = "widget.js"
LIMIT = 60_000
CLICK = """async () => {
    const host = document.querySelector('helplens-widget')
    const start = performance.now()
    host.shadowRoot.querySelector('.launcher').click()
    await host.updateComplete
    await new Promise(shown => requestAnimationFrame(() => requestAnimationFrame(shown)))
    if (!host.shadowRoot.querySelector('.panel')) throw new Error('it did not open')
    return performance.now() - start
}"""
LOADED = """() => {
    const [entry] = performance.getEntriesByType('resource').filter(e => e.name.endsWith('/widget.js'))
    return performance.now() - entry.responseEnd
}"""


def sizes() -> None:
    """Every file of the widget, raw and gzipped."""
    print(f"{'file':34} {'bytes':>9} {'gzip':>8}")
    for file in sorted(STATIC.glob("*.js"), key=lambda f: f.name != FIRST):
        data = file.read_bytes()
        when = "first load" if file.name == FIRST else "when needed"
        print(f"{file.name:34} {len(data):9,} {len(gzip.compress(data, 9)):8,}  {when}")
    first = len(gzip.compress((STATIC / FIRST).read_bytes(), 9))
    print(f"first load: {first / 1000:.1f} kB gzipped, {first / LIMIT:.0%} of the limit of {LIMIT // 1000} kB")


def times(browser: Browser, address: str, rounds: int) -> None:
    """Milliseconds from the script's last byte to the button, and from click to the drawn panel."""
    ready, opened = [], []
    for _ in range(rounds):
        context = browser.new_context()
        page = context.new_page()
        page.goto(address)
        page.wait_for_function(
            "document.querySelector('helplens-widget')?.shadowRoot?.querySelector('.launcher')", polling=5
        )
        ready.append(page.evaluate(LOADED))
        opened.append(page.evaluate(CLICK))
        context.close()
    for what, found in (("script loaded to button", ready), ("click to open panel", opened)):
        print(f"{what}: median {statistics.median(found):.0f} ms, slowest {max(found):.0f} ms of {rounds}")


def main() -> None:
    """Prints both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    sizes()
    with demo_server(STATIC) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=[*FLAGS])
        times(browser, address, rounds)
        browser.close()


if __name__ == "__main__":
    main()
