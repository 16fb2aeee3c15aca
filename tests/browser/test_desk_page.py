"""The desk in the browser: who waits, what to know, take over, reply, note, resolve, hand back, by mouse and by key."""

import asyncio
import re

import pytest
from conftest import OpenPage
from panel import READ_MS, Panel, axe
from playwright.async_api import Locator, Page, Route, expect
from serving import PASSWORD

pytestmark = pytest.mark.browser


async def signed_in(visit: OpenPage, name: str = "Ida Moen") -> Page:
    """The desk, open."""
    page = await visit("/desk", viewport={"width": 1360, "height": 860})
    await sign_in(page, name)
    return page


async def sign_in(page: Page, name: str = "Ida Moen") -> None:
    """As this agent."""
    await page.get_by_label("Your name, as customers see it").fill(name)
    await page.get_by_label("Password of the desk").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="Desk", exact=True)).to_be_visible()


async def waiting(panel: Panel, text: str) -> None:
    """A customer with a picture who wants a person."""
    await panel.ask(text, "upload.png")
    await expect(panel.answers.first).to_have_attribute("aria-busy", "false", timeout=READ_MS)
    await panel.button("Talk to a person").first.click()
    await expect(panel.host.locator(".human")).to_be_disabled()


async def inside(part: Locator, whole: Locator) -> bool:
    """Whether a part lies on the whole, to the pixel."""
    a, b = await part.bounding_box(), await whole.bounding_box()
    assert a and b
    across = b["x"] - 1 <= a["x"] and a["x"] + a["width"] <= b["x"] + b["width"] + 1
    return across and b["y"] - 1 <= a["y"] and a["y"] + a["height"] <= b["y"] + b["height"] + 1


async def opened(page: Page, panel: Panel, text: str) -> None:
    """Opens the customer's conversation from the queue."""
    conversation = (await panel.memory())["conversation"]["id"]
    waiting = page.locator(f'#queue [data-open="{conversation}"]')
    await expect(waiting).to_contain_text(text)
    await waiting.click()
    await expect(page.locator("#talk h2")).to_have_text(text)


async def test_a_wrong_password_is_refused_in_words(visit: OpenPage) -> None:
    page = await visit("/desk")
    await page.get_by_label("Your name, as customers see it").fill("Ida")
    await page.get_by_label("Password of the desk").fill("a guess")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_have_text("This is not the password of the desk.")


async def test_the_whole_of_a_conversation_from_waiting_to_resolved(panel: Panel, visit: OpenPage) -> None:
    await waiting(panel, "My scan does not go up")
    desk = await signed_in(visit)
    await opened(desk, panel, "My scan does not go up")
    await expect(desk.locator("#queue")).to_contain_text("Asked for a person")
    card = desk.locator("#card")
    await expect(card).to_contain_text("TB-6010")
    await expect(card.locator("img")).to_be_visible()
    lit, nearest = card.locator("svg.lines g"), card.locator("[data-lit]")
    await expect(lit.nth(0).locator("rect").first).to_be_visible()
    assert await inside(lit.nth(0).locator("rect").first, card.locator("img")), "the lines lie on the picture"
    await nearest.nth(1).hover()
    await expect(lit.nth(1)).to_have_class("on")
    await expect(lit.nth(0)).not_to_have_class("on")

    await desk.keyboard.press("t")
    await expect(desk.locator("#talk .state")).to_have_text("With Ida Moen")
    await expect(panel.host.locator(".human")).to_have_text("With Ida Moen")

    await desk.keyboard.press("r")
    await desk.keyboard.type("Hello, I am looking at it.")
    await desk.keyboard.press("Control+Enter")
    await expect(panel.host.locator(".said.agent")).to_contain_text("Hello, I am looking at it.")
    await panel.send("Thank you!")
    await expect(desk.locator("#log")).to_contain_text("Thank you!")

    await desk.keyboard.press("Escape")
    await desk.keyboard.press("n")
    await desk.keyboard.type("Same as last week")
    await desk.keyboard.press("Control+Enter")
    await expect(desk.locator("#log .note")).to_contain_text("Same as last week")

    await desk.get_by_role("button", name="Resolve").click()
    await expect(panel.host.locator(".notice").last).to_contain_text("This conversation is closed")
    assert "Same as last week" not in await panel.host.locator(".panel").inner_text()


async def test_what_is_typed_while_words_are_on_their_way_is_kept(panel: Panel, visit: OpenPage) -> None:
    await waiting(panel, "Two things at once")
    desk = await signed_in(visit)
    await opened(desk, panel, "Two things at once")
    await desk.keyboard.press("t")
    await expect(desk.locator("#talk .state")).to_have_text("With Ida Moen")
    typed = asyncio.Event()

    async def slowly(route: Route) -> None:
        await typed.wait()
        await route.continue_()

    await desk.route("**/reply", slowly, times=1)
    words = desk.get_by_label("Your words")
    await words.fill("The first thing")
    await words.press("Control+Enter")
    await words.fill("The second thing")
    async with desk.expect_response("**/reply") as answer:
        typed.set()
    await (await answer.value).finished()
    await desk.evaluate("() => new Promise(drawn => requestAnimationFrame(() => setTimeout(drawn)))")
    await expect(words).to_have_value("The second thing")
    await expect(panel.host.locator(".said.agent .bubble")).to_have_text(["The first thing"])
    await words.press("Control+Enter")
    await expect(panel.host.locator(".said.agent .bubble")).to_have_text(["The first thing", "The second thing"])


async def test_what_an_agent_writes_while_the_bot_owns_it_is_kept_and_not_sent(panel: Panel, visit: OpenPage) -> None:
    await waiting(panel, "I have another question")
    desk = await signed_in(visit)
    await opened(desk, panel, "I have another question")
    await desk.keyboard.press("t")
    await expect(desk.locator("#talk .state")).to_have_text("With Ida Moen")
    await desk.keyboard.press("b")
    await expect(panel.host.locator(".notice").last).to_contain_text("The assistant is answering again")
    await desk.get_by_label("Your words").fill("Said too early")
    await expect(desk.locator(".hint")).to_have_text("The assistant answers: you are asked before this is sent.")
    await desk.get_by_role("button", name="Send", exact=True).click()
    await expect(desk.locator("#log .held")).to_contain_text("Said too early")
    await expect(panel.host.locator(".said.agent")).to_have_count(0)
    await desk.locator("#log .held").get_by_role("button", name="Send only this").click()
    await expect(panel.host.locator(".said.agent")).to_contain_text("Said too early")
    await expect(desk.locator("#log .held h3")).to_have_text("Ida Moen · sent")


async def test_who_reads_what_is_written_is_said_before_it_is_sent(panel: Panel, visit: OpenPage) -> None:
    await waiting(panel, "Whose turn is it?")
    desk, other = await signed_in(visit), await signed_in(visit, "Jo Berg")
    for page in (desk, other):
        await opened(page, panel, "Whose turn is it?")
    await desk.keyboard.press("t")
    await expect(desk.locator(".hint")).to_have_text("The customer reads this at once.")
    await expect(other.locator(".hint")).to_have_text("Ida Moen answers: your words are kept as a note.")
    await desk.get_by_role("button", name="Resolve").click()
    await expect(desk.locator(".hint")).to_have_text("This conversation is closed: you are asked before this is sent.")
    await other.get_by_role("button", name="Sign out").click()
    await expect(other.get_by_label("Password of the desk")).to_be_visible()


async def test_the_draft_is_sent_by_one_key(panel: Panel, visit: OpenPage) -> None:
    await panel.ask("My card was declined, error TB-4021", "card.png")
    await panel.answered("Your card was declined")
    await panel.button("Talk to a person").first.click()
    desk = await signed_in(visit)
    await opened(desk, panel, "My card was declined, error TB-4021")
    await expect(desk.locator("#card .draft")).to_contain_text("Replace card")
    await desk.keyboard.press("d")
    await expect(panel.host.locator(".said.agent")).to_contain_text("Replace card")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_at_the_desk(scheme: str, panel: Panel, visit: OpenPage) -> None:
    await waiting(panel, f"A question in the {scheme}")
    desk = await visit("/desk", viewport={"width": 1360, "height": 860}, color_scheme=scheme, bypass_csp=True)
    assert await axe(desk) == []
    await sign_in(desk)
    await opened(desk, panel, f"A question in the {scheme}")
    await desk.keyboard.press("t")
    await expect(desk.locator("#talk .state")).to_have_text("With Ida Moen")
    await desk.get_by_label("Note for the team").check()
    assert await axe(desk) == []


async def test_the_keys_are_listed_and_a_picture_opens_with_its_original(panel: Panel, visit: OpenPage) -> None:
    await waiting(panel, "Look at my picture")
    desk = await signed_in(visit)
    await opened(desk, panel, "Look at my picture")
    await desk.keyboard.press("?")
    await expect(desk.get_by_role("dialog")).to_contain_text("hand back to the assistant")
    await desk.keyboard.press("Escape")
    await desk.locator("#card .shot").click()
    await expect(desk.get_by_role("dialog").get_by_role("link", name="Open the original")).to_be_visible()


async def test_a_known_problem_is_announced_edited_and_ended_and_those_who_wait_are_told(
    panel: Panel, visit: OpenPage
) -> None:
    """From the conversation that shows it; who announced it and which conversations met it stand beside it."""
    await waiting(panel, "My scan does not go up")
    desk = await signed_in(visit)
    await opened(desk, panel, "My scan does not go up")
    await desk.get_by_role("button", name="Known problem? Announce it").click()
    await desk.get_by_label("What customers are told").fill("Uploads fail right now.")
    await desk.get_by_role("button", name="Announce", exact=True).click()
    problem = desk.locator(".incident", has_text="Uploads fail right now.")
    await expect(problem).to_contain_text("Announced by Ida Moen")
    await expect(problem).to_contain_text(re.compile(r"\d+ conversations? that waits? ha(s|ve) met it"))
    assert await axe(desk) == []

    await problem.get_by_role("button", name="Edit").click()
    await desk.get_by_label("What customers are told").fill("Uploads fail; a repair is under way.")
    await desk.get_by_role("button", name="Save").click()
    problem = desk.locator(".incident", has_text="a repair is under way")
    await expect(problem).to_be_visible()

    await problem.get_by_role("button", name="It is over").click()
    await desk.locator(".ending textarea").fill("Uploads work again.")
    await desk.get_by_role("button", name="End it").click()
    await expect(problem).to_have_count(0)
    await expect(panel.host.locator(".said.bot", has_text="Uploads work again.")).to_be_visible()


async def test_a_link_from_a_card_opens_its_conversation(panel: Panel, visit: OpenPage) -> None:
    await waiting(panel, "The link leads here")
    conversation = (await panel.memory())["conversation"]["id"]
    page = await visit(f"/desk#{conversation}", viewport={"width": 390, "height": 844})
    await page.get_by_label("Your name, as customers see it").fill("Ida Moen")
    await page.get_by_label("Password of the desk").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.locator("#talk h2")).to_have_text("The link leads here")
    await page.get_by_role("button", name="Back to the queue").click()
    await expect(page.locator("#queue")).to_be_visible()
    await expect(page.locator("#talk")).to_be_hidden()
