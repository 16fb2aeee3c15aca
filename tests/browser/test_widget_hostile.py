"""Hostile words through every door: shown as text, nothing fetched from a foreign host, nothing run.

That no request leaves and no script runs is checked by `visit`, for every page of these tests, when it closes them.
"""

import io
import re
from collections.abc import Iterator

import pytest
from conftest import OpenPage
from hostile import ODD, STRINGS
from panel import READ_MS, Panel
from PIL import Image, ImageDraw, ImageFont
from playwright.async_api import Page, expect
from serving import PASSWORD, Served
from stand_in import StandIn

pytestmark = pytest.mark.browser
IN_ONE = 16
"""Strings in one message: a visitor may send twenty messages a minute."""
INVISIBLE = re.compile("[\u0000-\u0008\u000e-\u001f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]")


def portions() -> Iterator[str]:
    """All strings, several in one message."""
    for start in range(0, len(STRINGS), IN_ONE):
        yield "\n\n".join(STRINGS[start : start + IN_ONE])


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", INVISIBLE.sub("", text))


async def harmless(page: Page) -> None:
    """No script ran, and the panel holds no element that such words could have made."""
    assert await page.evaluate("window.pwned") is None
    made = await page.evaluate(
        """() => [...document.querySelector('helplens-widget').shadowRoot.querySelectorAll('*')].filter(e =>
            ['SCRIPT', 'IFRAME', 'OBJECT', 'EMBED', 'LINK', 'META', 'BASE', 'STYLE'].includes(e.tagName)
            || [...e.attributes].some(a => a.name.startsWith('on'))
            || (e.href?.baseVal ?? e.href ?? e.src ?? '').toString().includes('evil')
            || (e.tagName === 'A' && !/^https:\\/\\/help\\./.test(e.href))).map(e => e.outerHTML)"""
    )
    assert made == []


def test_there_are_two_hundred_of_them() -> None:
    assert len(set(STRINGS)) >= 200


async def test_in_the_customers_and_the_agents_words(panel: Panel) -> None:
    page = panel.page
    token = (
        await (await page.request.post("/api/v1/desk/sign-in", data={"password": PASSWORD, "name": ODD[0]})).json()
    )["token"]
    await panel.send("Hello")
    await expect(panel.messages).to_have_count(1)
    of = (await panel.memory())["conversation"]["id"]
    headers = {"Authorization": f"Bearer {token}"}
    assert (await page.request.post(f"/api/v1/desk/conversations/{of}/take-over", headers=headers)).ok
    for number, text in enumerate(portions(), 1):
        await panel.send(text)
        await expect(panel.messages).to_have_count(1 + number)
        answer = await page.request.post(f"/api/v1/desk/conversations/{of}/reply", headers=headers, data={"text": text})
        assert answer.ok, await answer.text()
        shown = squeezed(await panel.messages.nth(number).inner_text())
        assert shown == squeezed(text)
    agents = panel.host.locator(".said.agent .bubble")
    await expect(agents).to_have_count(number)
    assert "evil.example/a" in await agents.first.inner_text()
    await harmless(page)
    desk = await page.context.new_page()
    await desk.goto("/desk")
    await desk.evaluate(
        "session => sessionStorage.setItem('helplens:desk', session)", f'{{"token": "{token}", "name": "x"}}'
    )
    await desk.reload()
    await expect(desk.locator("#log article")).not_to_have_count(0)
    assert await desk.evaluate("window.pwned") is None


async def test_in_a_models_words(talkative: tuple[Served, StandIn], visit: OpenPage) -> None:
    house, model = talkative
    panel = await Panel(await visit("/demo", house=house)).open()
    answer, pause = model.answer, model.pause
    try:
        model.pause = 0
        for number, text in enumerate(list(portions())[:6]):
            model.answer = text
            await panel.send("My card was declined, error TB-4021")
            await expect(panel.answers.nth(number)).to_have_attribute("aria-busy", "false", timeout=READ_MS)
        await harmless(panel.page)
    finally:
        model.answer, model.pause = answer, pause


async def test_in_names_of_files_and_in_pictures(panel: Panel) -> None:
    for number, name in enumerate(
        [ODD[0], "<img src=x onerror=window.pwned=1>.png", "![x](https://evil.example/i).png"]
    ):
        await panel.host.locator('input[type="file"]').set_input_files(
            {"name": name, "mimeType": "image/png", "buffer": drawn(STRINGS[number * 12 + 5], number)}
        )
        await expect(panel.uploads.locator(".receipt:not(.busy)")).to_have_count(number + 1, timeout=READ_MS)
    await panel.send("What is this?")
    await expect(panel.answers.first).to_have_attribute("aria-busy", "false", timeout=READ_MS)
    await harmless(panel.page)


def drawn(text: str, number: int) -> bytes:
    """A screen whose error message and title are hostile."""
    picture = Image.new("RGB", (900, 300), "white")
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(24)
    draw.text((40, 30), f"<script>window.pwned={number}</script>", "black", ImageFont.load_default(34))
    draw.text((40, 120), f"Error: {INVISIBLE.sub('', text)[:60]}", "#b00000", font)
    draw.text((40, 170), "<img src=x onerror=alert(1)>", "black", font)
    data = io.BytesIO()
    picture.save(data, "PNG")
    return data.getvalue()


async def test_in_the_articles_of_a_help_centre(talkative: tuple[Served, StandIn], visit: OpenPage) -> None:
    house, model = talkative
    answer, model.answer = model.answer, "Paint it as the article says [1]."
    try:
        panel = await Panel(await visit("/demo", house=house)).open()
        await panel.send("How do I paint a zebra?")
        await expect(panel.answers.first).to_have_attribute("aria-busy", "false", timeout=READ_MS)
        await harmless(panel.page)
        await panel.host.locator(".sources button").filter(has_text="Zebra").first.click()
        await expect(panel.host.locator(".article ol").first).to_be_visible(timeout=READ_MS)
        await expect(panel.host.locator(".article")).to_contain_text("How to paint a zebra")
        await harmless(panel.page)
    finally:
        model.answer = answer
