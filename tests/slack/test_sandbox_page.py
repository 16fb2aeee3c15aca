"""The sandbox's page in a real browser: a card is read, a button pressed, a reply typed, a modal filled in."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from chromium import FLAGS, find
from playwright.async_api import Page, async_playwright, expect
from slack_house import House, until

from bot.conversation import Answered, Citation
from bot.state.records import Write
from handlers.slack.sandbox.server import SUPPORT

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)


@pytest.fixture
async def page(house: House) -> AsyncIterator[Page]:
    """The page of a sandbox, as Ana sees it; anything that the browser complains of fails the test."""
    working = asyncio.create_task(house.worker.run())
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=await asyncio.to_thread(find), args=list(FLAGS))
        page = await browser.new_page(viewport={"width": 1400, "height": 900})
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(house.slack.url)
        yield page
        await browser.close()
        house.worker.stop()
        await working
        assert complaints == []


async def test_an_agent_plays_a_whole_conversation_on_the_page(house: House, page: Page) -> None:
    conversation = (await house.desk.open()).id
    await house.desk.say(conversation, "customer", "<img src=x onerror=alert(1)> PAY-4021", key="c1")
    await house.desk.request_human(conversation, "asked", key="h1")
    answer = Answered(turn=1, to=(), text="Try **again** [1].", citations=(Citation(n=1, article="a", title="Cards"),))
    await house.desk.store.accept(conversation, Write((answer,), key="t", digest=""))
    await expect(page.get_by_text("<img src=x onerror=alert(1)> PAY-4021").first).to_be_visible()

    await page.get_by_role("button", name="Take over", exact=True).click()
    await expect(page.get_by_text("What Ana Ferreira writes in this thread goes to the customer")).to_be_visible()

    await page.locator(".replies").click()
    reply = page.get_by_label("Reply", exact=True)
    await reply.fill("Good morning!")
    await reply.press("Enter")
    await expect(page.locator("#thread").get_by_text("Good morning!")).to_be_visible()
    await expect(page.locator("#thread .reactions").first).to_be_visible()
    assert await house.customer_reads(conversation) == ["Good morning!"]

    await page.locator("#channel").get_by_role("button", name="Edit draft").click()
    dialog = page.get_by_role("dialog", name="Edit the draft")
    await expect(dialog.get_by_label("Text")).to_have_value("Try **again**.")
    await dialog.get_by_label("Text").fill("Try once more.")
    await dialog.get_by_role("button", name="Send").click()
    await expect(dialog).to_be_hidden()
    await expect(page.locator("#thread").get_by_text("Try once more.")).to_be_visible()
    assert (await house.customer_reads(conversation))[-1] == "Try once more."

    await page.get_by_label("Which agent you play").select_option("U0BEN")
    await page.locator(".replies").click()
    await page.get_by_label("Reply", exact=True).fill("a word among us")
    await page.get_by_label("Reply", exact=True).press("Enter")
    await until(lambda: house.ben.prompts(SUPPORT) != [])
    await expect(page.get_by_text("Only visible to you")).to_be_visible()
    await page.get_by_role("button", name="Reload Slack").click()
    await expect(page.get_by_text("Only visible to you")).to_be_hidden()
    assert (await house.customer_reads(conversation))[-1] == "Try once more."
