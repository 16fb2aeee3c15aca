"""Renders the demo product's planted faults in real Chromium: pictures to try HelpLens on, and cases to measure it.

    python examples/render.py                 # the committed set: screenshots/ and cases.jsonl
    python examples/render.py --to FOLDER     # every fault in light and dark, 1x and 2x, desktop and phone

Needs Chromium (the system's, else Playwright's own). It serves the demo's files itself; HelpLens is not started.
"""

import argparse
import json
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

HERE = Path(__file__).parent
PAGES = HERE.parent / "handlers" / "web" / "pages"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars"]


@dataclass(frozen=True)
class Fault:
    """One planted fault: its name in the demo, what its customer asks, and the articles that answer."""

    name: str
    question: str
    expect: tuple[str, ...]


FAULTS = (
    Fault("card", "My payment does not go through", ("billing/card-declined.md",)),
    Fault("coupon", "why can't I use this code?", ("billing/coupon-expired.md",)),
    Fault("send", "I can't press this button", ("invoices/send-greyed-out.md",)),
    Fault("upload", "it does not take my scan", ("files/upload-too-large.md",)),
    Fault("reports", "It worked last week", ("team/no-access-reports.md",)),
    Fault("sync", "", ("sync/sync-conflict.md",)),
    Fault("export", "I need all invoices in one file", ("invoices/export-too-long.md",)),
    Fault("email", "I get no mails any more", ("account/email-paused.md",)),
)


@dataclass(frozen=True)
class Look:
    """How a picture is taken."""

    theme: str
    scale: int
    width: int
    height: int

    @property
    def name(self) -> str:
        """`light-1x-desktop`."""
        return f"{self.theme}-{self.scale}x-{'phone' if self.width < 600 else 'desktop'}"


DESKTOP = (1280, 800)
PHONE = (390, 844)
LOOKS = tuple(Look(t, s, *size) for t in ("light", "dark") for s in (1, 2) for size in (DESKTOP, PHONE))
COMMITTED = {"sync": Look("dark", 1, *DESKTOP), "export": Look("light", 2, *PHONE), "email": Look("dark", 1, *DESKTOP)}
USUAL = Look("light", 1, *DESKTOP)


class _Files(SimpleHTTPRequestHandler):
    """The demo's files under /demo, as the web server has them; the widget's too where `static` is given."""

    static: Path | None = None

    def translate_path(self, path: str) -> str:
        clean = path.split("?")[0].split("#")[0].rstrip("/")
        if self.static and clean.endswith("/widget.js"):
            return str(self.static / "widget.js")
        return super().translate_path("/demo/index.html" if clean == "/demo" else clean)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def demo_server(static: Path | None = None) -> Iterator[str]:
    """The address of the demo, served from a free port until the block ends; with the built widget from `static`."""
    handler = type("Files", (_Files,), {"static": static})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(PAGES)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/demo"
    finally:
        server.shutdown()


def photograph(browser: Browser, address: str, fault: Fault, look: Look, to: Path) -> None:
    """One picture of one fault, without guide and widget."""
    context = browser.new_context(
        viewport={"width": look.width, "height": look.height}, device_scale_factor=look.scale, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(f"{address}?plain&theme={look.theme}&fault={fault.name}")
    page.wait_for_selector("#main h1")
    page.mouse.move(2, 2)
    page.screenshot(path=to)
    context.close()


def render(jobs: list[tuple[Fault, Look, Path]]) -> None:
    """All pictures of `jobs`, in one browser, with progress."""
    with demo_server() as address, sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        for done, (fault, look, to) in enumerate(jobs, 1):
            photograph(browser, address, fault, look, to)
            print(f"[{done}/{len(jobs)}] {to.name}", flush=True)
        browser.close()


def write_cases(jobs: list[tuple[Fault, Look, Path]], to: Path) -> None:
    """One case a picture, paths relative to the file: the contract of `helplens eval retrieval`."""
    cases = (
        {"image": Path(os.path.relpath(path, to.parent)).as_posix(), "question": f.question, "expect": list(f.expect)}
        for f, _, path in jobs
    )
    to.write_text("".join(json.dumps(case) + "\n" for case in cases))


def main() -> None:
    """The committed set, or every variant into a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, help="render every variant into this folder instead")
    folder = parser.parse_args().to
    if folder:
        jobs = [(f, look, folder / f"{f.name}-{look.name}.png") for f in FAULTS for look in LOOKS]
    else:
        folder = HERE / "screenshots"
        jobs = [(f, COMMITTED.get(f.name, USUAL), folder / f"{f.name}.png") for f in FAULTS]
    folder.mkdir(parents=True, exist_ok=True)
    render(jobs)
    write_cases(jobs, (folder if folder != HERE / "screenshots" else HERE) / "cases.jsonl")


if __name__ == "__main__":
    main()
