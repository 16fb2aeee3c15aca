"""Pictures of the product in every state, taken of the real thing: to look at, and the one that README opens with.

    python examples/pictures.py --to FOLDER     # every state: desktop and phone, light and dark, right to left
    python examples/pictures.py                 # readme.png alone

Starts `helplens up` on the example help centre with a data folder of its own, and drives Chromium through it.
"""

import argparse
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from render import FLAGS, HERE

HELPLENS = Path(sys.executable).with_name("helplens")
PASSWORD = "for pictures only"
CARD = HERE / "screenshots" / "card.png"
LONG = 90_000


@contextmanager
def house() -> Iterator[str]:
    """The address of a running HelpLens, for as long as the block lasts."""
    with tempfile.TemporaryDirectory() as data:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HELPLENS_")}
        environment |= {"HELPLENS_DATA": data, "HELPLENS_DESK_PASSWORD": PASSWORD}
        command = [str(HELPLENS), "up", "--port", "0"]
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            assert process.stdout
            said = ""
            while "Ctrl-C" not in said:
                line = process.stdout.readline()
                if not line:
                    raise SystemExit(f"helplens up ended before it was ready:\n{said}")
                said += line
            try:
                found = re.search(r"http://[\d.:]+", said)
                assert found
                yield found[0]
            finally:
                process.terminate()


@dataclass
class Camera:
    """One browser window with the widget, and where its pictures go."""

    page: Page
    name: str
    to: Path
    question: str = "My payment doesn't go through"

    def shot(self, state: str) -> None:
        """One picture, when what moves has come to rest."""
        self.page.wait_for_timeout(250)
        path = self.to / f"{self.name}-{state}.png"
        self.page.screenshot(path=path)
        print(path.name, flush=True)

    def find(self, selector: str) -> Any:
        """Something in the widget."""
        return self.page.locator("helplens-widget").locator(selector)

    def ask(self, text: str, picture: Path = CARD) -> None:
        """A message with a picture, sent once the picture was read."""
        self.find('input[type="file"]').set_input_files(picture)
        self.find(".uploads .receipt:not(.busy)").first.wait_for(timeout=LONG)
        self.find(".field textarea").fill(text)

    def send(self) -> None:
        """Sends, and waits for the whole answer."""
        before = self.find(".said.bot[data-turn]").count()
        self.find(".send").click()
        self.find(f".said.bot[data-turn='{before + 1}'][aria-busy=false]").wait_for(timeout=LONG)

    def settle(self, title: str) -> None:
        """Answers a splitting question, when one was asked."""
        choice = self.find(".choices button:enabled").filter(has_text=title)
        if choice.count():
            self.shot("choices")
            turns = self.find(".said.bot[data-turn]").count()
            choice.first.click()
            self.find(f".said.bot[data-turn='{turns + 1}'][aria-busy=false]").wait_for(timeout=LONG)


def walk(camera: Camera) -> None:
    """One customer's way through every state."""
    page = camera.page
    camera.shot("button")
    camera.find(".launcher").click()
    camera.shot("greeting")
    camera.find(".field textarea").fill(camera.question)
    camera.shot("offer")
    camera.find(".offer .main").click()
    editor = page.get_by_role("dialog").filter(has=page.locator("canvas"))
    editor.wait_for(timeout=LONG)
    camera.shot("editor")
    page.keyboard.press("Escape")
    camera.ask(camera.question)
    camera.shot("card")
    camera.find(".card .link").first.click()
    camera.shot("correct")
    camera.find(".card .row button").last.click()
    camera.send()
    camera.settle("Your card was declined")
    camera.shot("answer")
    if camera.find(".ringed .thumb").count():
        camera.find(".ringed .thumb").last.click()
        camera.shot("large")
        page.keyboard.press("Escape")
    camera.find(".sources button").last.click()
    camera.find(".article h3").first.wait_for()
    camera.shot("article")
    camera.find("header .back").click()
    camera.find(".feedback button").nth(1).click()
    page.wait_for_timeout(1500)
    camera.shot("not-helped")
    camera.find(".human").click()
    page.wait_for_timeout(800)
    camera.shot("waiting")
    page.context.set_offline(True)
    camera.find(".field textarea").fill("Are you there?")
    camera.find(".send").click()
    camera.shot("offline")
    page.context.set_offline(False)


@dataclass(frozen=True)
class Window:
    """How the product is looked at."""

    name: str
    width: int
    height: int
    query: str = "?plain&fault=card"
    rtl: bool = False
    language: str = "en-GB"
    scale: int = 1

    @property
    def question(self) -> str:
        """What its customer asks, in words that sound like trouble."""
        return "Meine Zahlung geht nicht durch" if self.language.startswith("de") else Camera.question


WINDOWS = (
    Window("desktop-light", 1280, 860),
    Window("desktop-dark", 1280, 860, "?plain&fault=card&theme=dark"),
    Window("phone-light", 390, 844, scale=2),
    Window("phone-dark", 390, 844, "?plain&fault=card&theme=dark", scale=2),
    Window("phone-rtl", 390, 844, rtl=True),
    Window("desktop-rtl", 1280, 860, rtl=True),
    Window("phone-de", 320, 640, language="de-DE"),
)


def window(browser: Browser, address: str, look: Window) -> Page:
    """The demo in such a window."""
    context = browser.new_context(
        base_url=address,
        viewport={"width": look.width, "height": look.height},
        device_scale_factor=look.scale,
        reduced_motion="reduce",
        locale=look.language,
    )
    page = context.new_page()
    if look.rtl or not look.language.startswith("en"):
        page.route(re.compile(r"/demo(\?.*)?$"), lambda route: _changed(route, look))
    page.goto(f"/demo{look.query}")
    page.locator("helplens-widget .launcher").wait_for()
    return page


def _changed(route: Any, look: Window) -> None:
    response = route.fetch()
    html = f'<html lang="{look.language[:2]}"{" dir=rtl" if look.rtl else ""}>'
    route.fulfill(response=response, body=response.text().replace('<html lang="en">', html))


def desk(browser: Browser, address: str, to: Path) -> None:
    """The desk with what the walks left waiting: light and dark, on a desktop and a phone, and its known problems."""
    for theme, size in itertools.product(("light", "dark"), ("desktop", "phone")):
        wide = size == "desktop"
        context = browser.new_context(
            base_url=address,
            viewport={"width": 1360, "height": 860} if wide else {"width": 390, "height": 844},
            device_scale_factor=1 if wide else 2,
            color_scheme="dark" if theme == "dark" else "light",
        )
        camera = Camera(context.new_page(), f"desk-{size}-{theme}", to)
        page = camera.page
        page.goto("/desk")
        camera.shot("sign-in")
        page.fill("[name=name]", "Ida Moen")
        page.fill("[name=password]", PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.locator("#queue li").first.wait_for(timeout=LONG)
        camera.shot("queue")
        page.locator("#queue li button").first.click()
        page.locator("#card img").wait_for(timeout=LONG, state="attached")
        if wide:
            page.keyboard.press("t")
            page.locator("#talk .state", has_text="With Ida Moen").wait_for(timeout=LONG)
        camera.shot("talk")
        page.keyboard.press("i")
        page.get_by_label("What customers are told").wait_for(timeout=LONG)
        if wide and theme == "light":
            page.get_by_label("The error as customers see it").fill("Your card was declined. Error TB-4021")
            page.get_by_label("What customers are told").fill("Card payments are refused right now. We are on it.")
            page.get_by_role("button", name="Announce", exact=True).click()
        page.locator(".incident").first.wait_for(timeout=LONG)
        camera.shot("known-problems")
        context.close()


def readme(browser: Browser, address: str, to: Path) -> None:
    """The picture that README opens with: the customer's screenshot, read, answered and ringed."""
    page = window(browser, address, Window("readme", 1400, 880))
    camera = Camera(page, "readme", to.parent)
    camera.find(".launcher").click()
    camera.ask("My payment does not go through")
    camera.send()
    for choice in camera.find(".choices button").filter(has_text="Your card was declined").all():
        choice.click()
        camera.find(".said.bot[data-turn='2'][aria-busy=false]").wait_for(timeout=LONG)
    page.wait_for_timeout(600)
    page.evaluate("document.activeElement?.shadowRoot?.activeElement?.blur()")
    page.screenshot(path=to)
    print(to, flush=True)


def main() -> None:
    """readme.png, or every state."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, help="take every state into this folder instead")
    parser.add_argument("--only", default="", help="only windows whose name holds this")
    arguments = parser.parse_args()
    path = shutil.which("chromium") or shutil.which("google-chrome")
    with house() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        if arguments.to:
            arguments.to.mkdir(parents=True, exist_ok=True)
            for look in (look for look in WINDOWS if arguments.only in look.name):
                page = window(browser, address, look)
                walk(Camera(page, look.name, arguments.to, look.question))
                page.context.close()
            desk(browser, address, arguments.to)
        else:
            readme(browser, address, HERE / "readme.png")
        browser.close()


if __name__ == "__main__":
    main()
