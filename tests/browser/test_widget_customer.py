"""What the site says of its customer decides what the widget answers: signed token, page context, a kill in between."""

import signal
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import jwt
import pytest
from conftest import OpenPage
from panel import READ_MS, Panel
from playwright.async_api import Locator, Route, expect
from serving import JWT_KEY, PASSWORD, Served, serving

from tests.centre import write

pytestmark = pytest.mark.browser

EXPORT = "# Export the monthly report {}\n\n1. Open **Reports** in the menu.\n2. Choose **Export** for {}.\n"
ARTICLES = {
    "free.md": "---\nplan: free\n---\n" + EXPORT.format("in the free plan", "a file"),
    "v7/pro.md": "---\nplan: pro\n---\n" + EXPORT.format("in the plan Pro of version 7", "a bucket"),
    "v8/pro.md": "---\nplan: pro\n---\n" + EXPORT.format("in the plan Pro of version 8", "a stream"),
    "staff.md": "---\naudience: staff\n---\n# Refund by hand\n\nIn the **Back office** choose **Refund** there.\n",
}
QUESTION = "How do I export the monthly report?"


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A house on these articles."""
    folder = tmp_path_factory.mktemp("customers")
    async with serving(folder, str(write(folder / "articles", ARTICLES))) as house:
        yield house


def proof(sub: str, **claims: Any) -> str:
    """What the site signs for its user."""
    now = int(time.time())
    return jwt.encode({"sub": sub, "name": "Vera", "aud": "helplens", "iat": now, "exp": now + 600, **claims}, JWT_KEY)


async def identify(panel: Panel, sub: str, **claims: Any) -> None:
    await panel.launcher.wait_for()
    await panel.page.evaluate("token => HelpLens.identify(token)", proof(sub, **claims))


async def answered(panel: Panel, turn: int) -> Locator:
    answer = panel.answers.nth(turn - 1)
    await expect(answer).to_have_attribute("aria-busy", "false", timeout=READ_MS)
    return answer


async def test_the_answer_fits_what_the_customer_has_and_outlives_a_kill(visit: OpenPage, house: Served) -> None:
    panel, vera = Panel(await visit("/demo", house=house)), uuid4().hex
    await identify(panel, vera, plan="pro")
    await panel.page.evaluate("HelpLens.context({version: '8.2', plan: 'free', audience: ['staff']})")
    await panel.open()
    await panel.send(QUESTION)
    await expect(panel.messages).to_have_count(1)
    await house.stop(signal.SIGKILL)  # the message is accepted, the answer may be under way
    await house.start()
    answer = await answered(panel, 1)
    await expect(answer).to_contain_text("a stream")
    await expect(answer).not_to_contain_text("a bucket")

    # the customer downgrades, and the page is loaded again: it says no more than the new token
    await panel.page.reload()
    await identify(panel, vera, plan="free")
    await expect(panel.messages).to_have_text([QUESTION])
    await panel.send(QUESTION)
    answer = await answered(panel, 2)
    await expect(answer).to_contain_text("a file")
    await expect(answer).not_to_contain_text("a stream")


async def test_a_closed_article_opens_in_the_panel_of_whom_it_is_for(visit: OpenPage, house: Served) -> None:
    """Found and read by who is staff by the site's word; a visitor's page may say what it likes."""
    question = "How do I refund by hand in the back office?"
    visitor = Panel(await visit("/demo", house=house))
    await visitor.launcher.wait_for()
    await visitor.page.evaluate("HelpLens.context({audience: 'staff', role: 'staff'})")
    await visitor.open()
    await visitor.send(question)
    await expect(await answered(visitor, 1)).not_to_contain_text("Back office")

    staff = Panel(await visit("/demo", house=house))
    await identify(staff, uuid4().hex, roles=["staff"])
    await staff.open()
    await staff.send(question)
    answer = await staff.answered("Refund by hand")
    await answer.locator(".sources button").first.click()
    await expect(staff.host.locator(".article")).to_contain_text("choose Refund there")


@pytest.mark.parametrize("language", ["nl-BE", "de", "en"])
async def test_the_articles_language_is_the_pages_though_the_widget_does_not_speak_it(
    language: str, visit: OpenPage, house: Served
) -> None:
    page = await visit("/demo", house=house, locale="sv-SE")
    await page.route("**/demo*", lambda route: in_language(route, language))
    await page.goto("/demo")
    panel = await Panel(page).open()
    async with page.expect_request("**/messages") as sent:
        await panel.field.fill(QUESTION)
        await panel.field.press("Enter")
    request = await sent.value
    assert request.post_data_json["context"] == {"language": language}
    assert (await request.all_headers())["accept-language"] == {"de": "de"}.get(language, "en")


async def in_language(route: Route, language: str) -> None:
    response = await route.fetch()
    await route.fulfill(response=response, body=(await response.text()).replace('lang="en"', f'lang="{language}"'))


async def test_the_desk_shows_what_the_customer_has(visit: OpenPage, house: Served) -> None:
    panel = Panel(await visit("/demo", house=house))
    await identify(panel, uuid4().hex, plan=["pro", "support"])
    await panel.page.evaluate("HelpLens.context({version: '8.2'})")
    await panel.open()
    await panel.send("I want to talk to a person")
    await expect(panel.messages).to_have_count(1)
    conversation = (await panel.memory())["conversation"]["id"]
    desk = await visit(f"/desk#{conversation}", house=house)
    await desk.get_by_label("Your name, as customers see it").fill("Ann")
    await desk.get_by_label("Password of the desk").fill(PASSWORD)
    await desk.get_by_role("button", name="Sign in").click()
    card = desk.locator("#card")
    await expect(card.locator("dt:text-is('Plan') + dd")).to_have_text("pro, support")
    await expect(card.locator("dt:text-is('Version') + dd")).to_have_text("8.2 not verified")
