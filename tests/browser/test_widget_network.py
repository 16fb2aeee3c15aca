"""Networks fail, tabs close, servers restart: nothing is lost, nothing is said twice, and one clear state is shown."""

import asyncio
import re
import signal
from pathlib import Path

import pytest
from conftest import OpenPage
from panel import READ_MS, Panel, until
from playwright.async_api import Page, Route, expect
from serving import Served, serving
from stand_in import GOOD, StandIn, stand_in

pytestmark = pytest.mark.browser


async def test_what_is_written_without_a_network_is_sent_once_when_it_is_back(panel: Panel) -> None:
    await panel.page.context.set_offline(True)
    await expect(panel.host.locator(".state")).to_contain_text("No connection")
    await panel.send("Where do I enter a coupon?")
    await expect(panel.host.locator(".unsent")).to_contain_text("Where do I enter a coupon?")
    await expect(panel.host.locator(".unsent .receipt")).to_contain_text("Waits for the network")
    await panel.page.context.set_offline(False)
    await expect(panel.messages).to_have_count(1)
    await expect(panel.host.locator(".unsent")).to_have_count(0)
    await expect(panel.host.locator(".state")).to_have_count(0)


async def test_a_lost_reply_is_asked_for_again_and_the_message_is_still_one(panel: Panel) -> None:
    lost = 0

    async def lose(route: Route) -> None:
        nonlocal lost
        await route.fetch()  # the server has it, the browser never hears of that
        lost += 1
        await route.abort()

    await panel.page.route("**/messages", lose, times=1)
    await panel.send("Where do I enter a coupon?")
    await expect(panel.host.locator(".unsent")).to_have_count(0)
    assert lost == 1
    assert len((await panel.log())["messages"]) == 1
    await expect(panel.messages).to_have_count(1)


async def test_too_much_at_once_is_said_honestly_and_sent_later(panel: Panel) -> None:
    async def refuse(route: Route) -> None:
        await route.fulfill(
            status=429,
            headers={"Retry-After": "1"},
            content_type="application/problem+json",
            json={"type": "urn:helplens:problem:too-fast", "title": "Too fast", "detail": "That was a lot at once."},
        )

    await panel.page.route("**/messages", refuse, times=1)
    await panel.recorded(".unsent .receipt")
    await panel.send("Where do I enter a coupon?")
    await expect(panel.messages).to_have_count(1)
    assert any("Sent again in 1 s" in text and "That was a lot at once." in text for text in await panel.shown())


async def test_a_refused_message_gives_its_words_back(panel: Panel) -> None:
    refusal = {"status": 413, "json": {"type": "urn:helplens:problem:too-long", "detail": "This is too long."}}
    await panel.page.route("**/messages", lambda route: route.fulfill(**refusal), times=1)
    await panel.send("Many words")
    await expect(panel.host.locator(".unsent .receipt")).to_contain_text("Not sent. This is too long.")
    await panel.button("Edit").click()
    await expect(panel.field).to_have_value("Many words")


async def test_a_failed_upload_keeps_the_words_and_is_tried_again(panel: Panel) -> None:
    await panel.page.route("**/attachments", lambda route: route.abort(), times=1)
    await panel.field.fill("typed before")
    await panel.add("card.png")
    await expect(panel.uploads).to_contain_text("The picture did not get through.")
    await expect(panel.field).to_have_value("typed before")
    await panel.button("Try again").click()
    await expect(panel.uploads.locator(".receipt.read")).to_be_visible(timeout=READ_MS)


async def test_an_upload_shows_how_far_it_is_and_can_be_cancelled(panel: Panel) -> None:
    cancelled = asyncio.Event()

    async def never(route: Route) -> None:
        await cancelled.wait()
        await route.abort()

    await panel.page.route("**/attachments", never, times=1)
    await panel.add("card.png")
    await expect(panel.uploads.get_by_role("progressbar")).to_be_visible()
    await panel.button("Do not send this picture").click()
    await expect(panel.uploads).to_have_count(0)
    cancelled.set()


async def test_a_file_that_is_no_picture_is_refused_in_the_servers_words(panel: Panel, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n" + b"nothing" * 40)
    await panel.add(broken)
    await expect(panel.uploads.locator(".receipt.unreadable")).to_contain_text(
        re.compile(r"\w{4,} \w+"), timeout=READ_MS
    )
    await expect(panel.uploads.locator("img")).to_be_hidden()
    await expect(panel.uploads.get_by_role("button")).to_have_count(1)  # sent again or cropped, it is no picture either
    await panel.uploads.get_by_role("button", name="Remove").click()
    await expect(panel.uploads).to_have_count(0)


async def test_a_reload_and_a_second_tab_show_the_same_talk(panel: Panel, visit: OpenPage) -> None:
    await panel.ask("My payment does not go through", "card.png")
    await panel.answered("Your card was declined")
    count = await panel.answers.count()
    text = await panel.host.locator(".items").inner_text()
    await panel.page.reload()
    await expect(panel.host.locator(".items")).to_have_text(text, use_inner_text=True)
    await expect(panel.answers).to_have_count(count)
    second = Panel(await visit("/demo", context=panel.page.context))
    await expect(second.answers).to_have_count(count)
    await second.send("And where is my receipt?")
    await expect(panel.host.locator(".said.own").last).to_contain_text("And where is my receipt?")


async def test_the_draft_and_its_picture_outlive_a_reload(panel: Panel) -> None:
    await panel.add("card.png")
    await expect(panel.uploads.locator(".receipt.read")).to_be_visible(timeout=READ_MS)
    await panel.field.fill("half a sentence")
    await panel.page.reload()
    await expect(panel.field).to_have_value("half a sentence")
    await expect(panel.uploads.locator(".receipt.read")).to_be_visible(timeout=READ_MS)


async def test_in_the_middle_of_an_answer_a_reload_and_a_second_tab_go_on_with_it(
    talkative: tuple[Served, StandIn], visit: OpenPage
) -> None:
    house, model = talkative
    panel = await Panel(await visit("/demo", house=house)).open()
    with model.holding(words=12):
        await panel.send("My card was declined, error TB-4021")
        bubble = panel.answers.first.locator(".bubble")
        await expect(bubble).to_contain_text("Your screen says", timeout=READ_MS)
        await panel.page.reload()
        second = Panel(await visit("/demo", context=panel.page.context, house=house))
        await expect(second.answers.first.locator(".bubble")).to_contain_text("Your screen says", timeout=READ_MS)
    for one in (panel, second):
        await expect(one.answers.first).to_have_attribute("aria-busy", "false", timeout=READ_MS)
        assert await _words(one) == _plain(GOOD)


async def _words(panel: Panel) -> str:
    text = await panel.answers.first.locator(".bubble").evaluate("bubble => bubble.innerText")
    return re.sub(r"\s+", " ", text).strip()


def _plain(markdown: str) -> str:
    """The words of an answer as the panel shows them: no stars, citations as their number, steps by their list."""
    text = re.sub(r"\*\*|(?m:^\d\. )", "", markdown)
    return re.sub(r"\s+", " ", re.sub(r"\[(\d)\]", r"\1", text)).strip()


async def test_a_server_killed_in_the_middle_of_an_answer_loses_and_doubles_nothing(
    tmp_path: Path, visit: OpenPage
) -> None:
    async with stand_in() as model, serving(tmp_path, models=f"openai:good@{model.url}") as house:
        panel = await Panel(await visit("/demo", house=house)).open()
        with model.holding(words=12):
            await panel.send("My card was declined, error TB-4021")
            await expect(panel.answers.first.locator(".bubble")).to_contain_text("Your screen", timeout=READ_MS)
            await house.stop(signal.SIGKILL)
        await expect(panel.host.locator(".state")).to_be_visible()
        await house.start()
        await expect(panel.answers.first).to_have_attribute("aria-busy", "false", timeout=READ_MS)
        assert await _words(panel) == _plain(GOOD)
        await expect(panel.answers).to_have_count(1)
        await expect(panel.messages).to_have_count(1)
        await expect(panel.host.locator(".state")).to_have_count(0)


@pytest.mark.proof
async def test_twenty_widgets_stream_through_a_restart_byte_for_byte(tmp_path: Path, visit: OpenPage) -> None:
    async with stand_in(pause=0.05) as model, serving(tmp_path, models=f"openai:good@{model.url}") as house:
        pages: list[Page] = [await visit("/demo", house=house) for _ in range(20)]
        panels = [await Panel(page).open() for page in pages]
        for panel in panels:
            await panel.send("My card was declined, error TB-4021")
        await expect(panels[-1].answers.first.locator(".bubble")).to_contain_text("Your", timeout=READ_MS)
        await house.stop(signal.SIGTERM)
        await house.start()
        for panel in panels:
            await expect(panel.answers.first).to_have_attribute("aria-busy", "false", timeout=60_000)
            await expect(panel.answers).to_have_count(1)
            [answer] = (await until(panel.log))["answers"]
            assert await _words(panel) == _plain(answer["text"]) == _plain(GOOD)
