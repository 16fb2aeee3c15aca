"""The widget as a guest on a site: identity, logout, another origin, strict policies, languages, directions, themes."""

import asyncio
import json
import re
import time
from pathlib import Path

import jwt
import pytest
from conftest import OpenPage, Watched
from panel import READ_MS, Panel, axe
from playwright.async_api import Route, expect
from serving import JWT_KEY, Served, serving
from stand_in import StandIn

pytestmark = pytest.mark.browser


def proof(subject: str, ends: int | None = None) -> str:
    """What the site signs for one of its users; it holds for ten minutes, or until `ends` (Unix seconds)."""
    claims = {"sub": subject, "aud": "helplens", "name": subject.title(), "exp": ends or int(time.time()) + 600}
    return jwt.encode(claims, JWT_KEY, algorithm="HS256")


async def test_the_page_opens_closes_asks_and_hears(visit: OpenPage) -> None:
    page = await visit("/demo")
    panel = Panel(page)
    await expect(panel.launcher).to_be_visible()
    await page.evaluate(
        """() => {
            window.heard = []
            for (const event of ['open', 'close', 'message']) HelpLens.on(event, () => heard.push(event))
        }"""
    )
    await page.evaluate("HelpLens.ask('Where do I enter a coupon?')")
    await expect(panel.field).to_have_value("Where do I enter a coupon?")
    await panel.send()
    await expect(panel.answers.first).to_have_attribute("aria-busy", "false", timeout=READ_MS)
    await page.evaluate("HelpLens.close()")
    await expect(panel.field).to_have_count(0)
    heard = await page.evaluate("heard")
    assert heard[0] == "open" and heard[-1] == "close" and "message" in heard


async def test_what_the_page_knows_reaches_the_team(panel: Panel) -> None:
    await panel.page.evaluate("HelpLens.context({plan: 'Workshop', version: '4.2'})")
    async with panel.page.expect_request("**/messages") as sent:
        await panel.send("Where do I enter a coupon?")
    request = await sent.value
    assert request.post_data_json["context"] == {"plan": "Workshop", "version": "4.2", "language": "en"}


async def test_a_user_finds_the_talk_on_another_device_and_nobody_else_does(visit: OpenPage) -> None:
    first = Panel(await visit("/demo"))
    await first.launcher.wait_for()
    await first.page.evaluate("token => HelpLens.identify(token)", proof("mara"))
    await first.open()
    await first.send("Where do I enter a coupon?")
    await expect(first.answers.first).to_have_attribute("aria-busy", "false", timeout=READ_MS)
    other_device = Panel(await visit("/demo"))
    await other_device.launcher.wait_for()
    await other_device.page.evaluate("token => HelpLens.identify(token)", proof("mara"))
    await other_device.open()
    await expect(other_device.messages.first).to_contain_text("Where do I enter a coupon?")
    await first.page.evaluate("token => HelpLens.identify(token)", proof("ida"))
    await expect(first.messages).to_have_count(0)


async def test_what_was_said_before_signing_in_follows_the_user(visit: OpenPage) -> None:
    """In the same browser it goes on where it was; on another device the user finds it; the next user does not."""
    first = Panel(await visit("/demo"))
    await first.open()
    await first.send("Where do I enter a coupon?")
    await expect(first.answers.first).to_have_attribute("aria-busy", "false", timeout=READ_MS)
    await first.page.evaluate("token => HelpLens.identify(token)", proof("nora"))
    await expect(first.messages).to_have_text(["Where do I enter a coupon?"])
    await first.send("And where is my plan?")
    await expect(first.answers.nth(1)).to_have_attribute("aria-busy", "false", timeout=READ_MS)
    other_device = Panel(await visit("/demo"))
    await other_device.launcher.wait_for()
    await other_device.page.evaluate("token => HelpLens.identify(token)", proof("nora"))
    await other_device.open()
    await expect(other_device.messages).to_have_text(["Where do I enter a coupon?", "And where is my plan?"])
    await first.page.evaluate("HelpLens.shutdown()")
    await first.page.evaluate("token => HelpLens.identify(token)", proof("otto"))
    await first.open()
    await expect(first.messages).to_have_count(0)


async def test_a_new_token_of_the_same_user_goes_on_where_the_old_one_ended(visit: OpenPage) -> None:
    panel = Panel(await visit("/demo"))
    await panel.launcher.wait_for()
    await panel.page.evaluate("token => HelpLens.identify(token)", proof("vera"))
    await panel.open()
    await panel.send("Where do I enter a coupon?")
    await expect(panel.answers.first).to_have_attribute("aria-busy", "false", timeout=READ_MS)
    ends = int(time.time()) + 2
    await panel.page.evaluate("token => HelpLens.identify(token)", proof("vera", ends=ends))
    await panel.page.wait_for_timeout(max(0.0, ends - time.time() + 0.1) * 1000)
    await panel.page.evaluate("() => void dispatchEvent(new Event('online'))")  # connect again, with what has ended
    await expect(panel.host.locator(".state")).to_contain_text("Your sign-in has ended")
    await panel.page.evaluate("token => HelpLens.identify(token)", proof("vera"))
    await expect(panel.host.locator(".state")).to_have_count(0)
    await expect(panel.messages).to_have_count(1)
    await panel.send("And where is my receipt?")
    await expect(panel.messages).to_have_count(2)


async def test_after_logout_the_next_person_sees_nothing(panel: Panel) -> None:
    await panel.send("Where do I enter a coupon?")
    await expect(panel.messages).to_have_count(1)
    await panel.page.evaluate("HelpLens.shutdown()")
    assert await panel.page.evaluate("Object.keys(localStorage).filter(k => k.startsWith('helplens:'))") == []
    await panel.page.reload()
    await panel.open()
    await expect(panel.messages).to_have_count(0)


async def test_what_is_still_on_its_way_when_somebody_leaves_does_not_reach_the_next(panel: Panel) -> None:
    page, left = panel.page, asyncio.Event()

    async def slowly(route: Route) -> None:
        answer = await route.fetch()
        await left.wait()
        await route.fulfill(response=answer)

    await page.route("**/api/v1/conversations", slowly, times=1)
    async with page.expect_request("**/api/v1/conversations"):
        await panel.send("Words of somebody who leaves")
    await page.evaluate("HelpLens.shutdown()")
    async with page.expect_response("**/api/v1/conversations"):
        left.set()
    assert await page.evaluate("Object.keys(localStorage).filter(k => k.startsWith('helplens:'))") == []
    await panel.open()
    await panel.send("Words of the next one")
    await expect(panel.messages).to_have_text("Words of the next one")


async def test_unsent_words_of_one_user_are_not_anothers(panel: Panel) -> None:
    page = panel.page
    await page.evaluate("token => HelpLens.identify(token)", proof("olga"))
    await page.route("**/messages", lambda route: route.abort())
    await panel.send("From Olga")
    await expect(panel.host.locator(".unsent .receipt.waiting")).to_be_visible()
    await page.evaluate("token => HelpLens.identify(token)", proof("paul"))
    await page.unroute("**/messages")
    await panel.send("From Paul")
    await expect(panel.messages).to_have_text("From Paul")
    await expect(panel.host.locator(".unsent")).to_have_count(0)


async def test_where_proof_is_enforced_no_message_goes_without_it(tmp_path: Path, visit: OpenPage) -> None:
    async with serving(tmp_path, identity="enforced") as house:
        panel = await Panel(await visit("/demo", house=house)).open()
        await panel.send("Where do I enter a coupon?")
        await expect(panel.host.locator(".unsent .receipt")).to_contain_text("Please sign in to this site first")
        await panel.button("Edit").click()
        await panel.page.evaluate("token => HelpLens.identify(token)", proof("mara"))
        await panel.send()
        await expect(panel.messages).to_have_count(1)


async def test_an_answer_that_ends_after_the_panel_was_closed_is_counted_on_the_button(
    talkative: tuple[Served, StandIn], visit: OpenPage
) -> None:
    house, model = talkative
    panel = await Panel(await visit("/demo", house=house)).open()
    with model.holding(words=12):
        await panel.send("My card was declined, error TB-4021")
        await expect(panel.answers.first.locator(".bubble")).to_contain_text("Your screen says", timeout=READ_MS)
        await panel.page.keyboard.press("Escape")
        await expect(panel.field).to_have_count(0)
    badge = panel.host.locator(".badge")
    await expect(badge).to_have_text("1", timeout=READ_MS)
    await expect(panel.launcher).to_have_accessible_name("Open help, 1 new")
    await panel.open()
    await expect(badge).to_have_count(0)


async def test_the_talk_is_deleted_for_good(panel: Panel) -> None:
    await panel.send("Where do I enter a coupon?")
    await expect(panel.messages).to_have_count(1)
    memory = await panel.memory()
    panel.page.on("dialog", lambda dialog: dialog.accept())
    await panel.page.evaluate("window.confirm = () => true")
    await panel.button("More").click()
    await panel.button("Delete this conversation").click()
    await expect(panel.messages).to_have_count(0)
    of = memory["conversation"]
    gone = await panel.page.request.get(
        f"/api/v1/conversations/{of['id']}", headers={"Authorization": f"Bearer {of['token']}"}
    )
    assert gone.status == 404


async def test_an_earlier_talk_is_one_press_away(panel: Panel) -> None:
    await panel.page.evaluate("token => HelpLens.identify(token)", proof("anna"))
    await panel.send("My first as Anna")
    await expect(panel.messages).to_have_count(1)
    await panel.button("More").click()
    await panel.button("New conversation").click()
    await expect(panel.messages).to_have_count(0)
    await panel.send("My second as Anna")
    await expect(panel.messages).to_have_text("My second as Anna")
    await panel.button("More").click()
    await panel.button(re.compile("My first as Anna")).click()
    await expect(panel.messages).to_have_text("My first as Anna")


# ---- other people's pages


async def test_a_site_that_is_not_listed_gets_nothing(
    site: str, visit: OpenPage, served: Served, watched: Watched
) -> None:
    unlisted = site.replace("127.0.0.1", "localhost")
    watched.hosts.add(unlisted.removeprefix("http://"))
    watched.expected.append("CORS")
    panel = await Panel(await visit(f"{unlisted}/?{served.address}")).open()
    await panel.send("Hello")
    await expect(panel.host.locator(".unsent")).to_have_count(1)
    await expect(panel.messages).to_have_count(0)


async def test_a_listed_site_embeds_it_once_under_a_strict_policy_and_changes_its_route(
    site: str, visit: OpenPage, served: Served, watched: Watched
) -> None:
    watched.hosts.add(site.removeprefix("http://"))
    page = await visit(f"{site}/?{served.address}")
    panel = await Panel(page).open()
    await expect(page.locator("helplens-widget")).to_have_count(1)
    assert await panel.host.locator(".panel").evaluate("panel => getComputedStyle(panel).borderRadius") == "20px"
    await panel.send("My card was declined, error TB-4021")
    await page.evaluate("history.pushState({}, '', '/another'); document.querySelector('h1').textContent = 'Another'")
    await expect(panel.answers.first).to_have_attribute("aria-busy", "false", timeout=READ_MS)


async def test_on_another_site_the_customers_picture_is_shown_and_ringed(
    site: str, visit: OpenPage, served: Served, watched: Watched
) -> None:
    """Its address is the help desk's, not the site's: the sent picture and the one with the rings are really there."""
    watched.hosts.add(site.removeprefix("http://"))
    page = await visit(f"{site}/?{served.address}")
    panel = await Panel(page).open()
    await panel.ask("My payment does not go through", "card.png")
    answer = await panel.answered("Your card was declined")
    sent = panel.host.locator(".sent .thumb img").first
    await expect(sent).to_have_js_property("complete", True)
    assert await sent.evaluate("img => img.naturalWidth") > 0
    ringed = await answer.locator(".marked image").first.get_attribute("href")
    assert ringed and ringed.startswith(f"{served.address}/api/v1/attachments/")
    assert (await page.request.get(ringed)).status == 200


# ---- how it looks and sounds


@pytest.mark.parametrize(
    ("language", "title"), [("de", "Hilfe"), ("es", "Ayuda"), ("de-AT", "Hilfe"), ("fr", "Aide"), ("nl", "Help")]
)
async def test_it_speaks_the_pages_language(language: str, title: str, visit: OpenPage) -> None:
    page = await visit("/demo", locale="en-GB")
    await page.route("**/demo*", lambda route: _in(route, language))
    await page.goto("/demo")
    panel = Panel(page)
    await panel.launcher.click()
    await expect(panel.host.locator("header h2")).to_have_text(title)


async def _in(route, language: str) -> None:  # type: ignore[no-untyped-def]
    response = await route.fetch()
    await route.fulfill(response=response, body=(await response.text()).replace('lang="en"', f'lang="{language}"'))


@pytest.mark.parametrize(("zone", "own"), [("Asia/Tokyo", "Nach Ihrer Uhr: Montag, 17:00."), ("Europe/Berlin", None)])
async def test_when_the_team_is_back_is_told_by_the_customers_own_clock(
    zone: str, own: str | None, visit: OpenPage
) -> None:
    """The words name the team's clock; the customer's own stands beside them where it shows another time."""
    page = await visit("/demo", locale="de-DE", timezone_id=zone)
    back = 1_796_630_400_000  # Monday 7 December 2026, 09:00 in Berlin
    told = {"owner": "waiting", "reason": "Das Team ist wieder da am Montag, 09:00 Uhr (CET).", "back_at": back}
    stream = f"id: 5\nevent: owner\ndata: {json.dumps(told)}\n\n"
    await page.route("**/demo*", lambda route: _in(route, "de"))
    await page.route("**/events", lambda route: route.fulfill(body=stream, content_type="text/event-stream"))
    await page.goto("/demo")
    panel = await Panel(page).open()
    await panel.send("Ist jemand da?")
    notice = panel.host.locator(".notice").last
    await expect(notice).to_contain_text(own or "09:00 Uhr (CET).")
    assert ("Nach Ihrer Uhr" in await notice.inner_text()) == bool(own)


async def test_right_to_left_mirrors_the_panel_and_nothing_overflows(visit: OpenPage) -> None:
    page = await visit("/demo", viewport={"width": 1280, "height": 800})
    await page.route("**/demo", _mirrored)
    await page.goto("/demo")
    panel = await Panel(page).open()
    box = await panel.host.locator(".panel").bounding_box()
    assert box and box["x"] < 40, "the panel is at the other side"
    await panel.ask("My payment does not go through", "card.png")
    await panel.answered("Your card was declined")
    wide = await panel.host.locator(".scroll.talk").evaluate("box => [box.scrollWidth, box.clientWidth]")
    assert wide[0] <= wide[1]


async def test_where_the_site_lifts_the_button_the_panel_still_fits_on_the_screen(visit: OpenPage) -> None:
    page = await visit("/demo", viewport={"width": 700, "height": 600})
    await page.add_style_tag(content="helplens-widget { --helplens-offset-bottom: 90px; --helplens-offset-side: 40px }")
    panel = await Panel(page).open()
    box = await panel.host.locator(".panel").bounding_box()
    assert box and box["y"] >= 12 and box["x"] >= 12
    assert box["y"] + box["height"] <= 600 - 90 - 58


async def _mirrored(route) -> None:  # type: ignore[no-untyped-def]
    response = await route.fetch()
    await route.fulfill(response=response, body=(await response.text()).replace("<html ", '<html dir="rtl" '))


@pytest.mark.parametrize("width", [320, 390])
async def test_on_a_phone_it_takes_the_screen_and_nothing_overflows(width: int, visit: OpenPage) -> None:
    # 320 px is also what 1280 px are at 400 % zoom
    page = await visit("/demo?fault=card", viewport={"width": width, "height": 640}, has_touch=True, is_mobile=True)
    panel = await Panel(page).open()
    box = await panel.host.locator(".panel").bounding_box()
    assert box == {"x": 0, "y": 0, "width": width, "height": 640}
    await panel.ask("My payment does not go through", "card.png")
    await panel.answered("Your card was declined")
    wide = await panel.host.locator(".scroll.talk").evaluate("box => [box.scrollWidth, box.clientWidth]")
    assert wide[0] <= wide[1]


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_finds_nothing(theme: str, visit: OpenPage) -> None:
    page = await visit(f"/demo?fault=card&theme={theme}", bypass_csp=True)
    panel = await Panel(page).open()
    assert await axe(page) == []
    await panel.add("card.png")
    await expect(panel.uploads.locator(".receipt.read")).to_be_visible(timeout=READ_MS)
    await panel.send("My payment does not go through")
    answer = await panel.answered("Your card was declined")
    assert await axe(page) == []
    await answer.locator(".ringed .thumb").click()
    assert await axe(page) == []
    await page.keyboard.press("Escape")
    await answer.locator(".cite").first.click()
    await expect(panel.host.locator(".article h3").first).to_be_visible()
    assert await axe(page) == []


async def test_the_keyboard_alone_is_enough(visit: OpenPage) -> None:
    page = await visit("/demo")
    panel = Panel(page)
    await panel.launcher.focus()
    await page.keyboard.press("Enter")
    await expect(panel.field).to_be_focused()
    await page.keyboard.type("Where do I enter a coupon?")
    await page.keyboard.press("Enter")
    await expect(panel.answers.first).to_have_attribute("aria-busy", "false", timeout=READ_MS)
    await page.keyboard.press("Escape")
    await expect(panel.launcher).to_be_focused()


async def test_a_screen_reader_hears_an_answer_once_and_not_word_by_word(visit: OpenPage) -> None:
    page = await visit("/demo")
    panel = await Panel(page).open()
    await page.evaluate(
        """() => {
            window.said = []
            const region = document.querySelector('helplens-widget').shadowRoot.querySelector('[role=status].sr')
            const all = {childList: true, subtree: true, characterData: true}
            new MutationObserver(() => said.push(region.textContent)).observe(region, all)
        }"""
    )
    await panel.send("Where do I enter a coupon?")
    await expect(panel.answers.first).to_have_attribute("aria-busy", "false", timeout=READ_MS)
    said = await page.evaluate("said")
    assert len(said) == 1 and said[0].startswith("New answer:")


async def test_no_motion_where_less_of_it_is_asked_for(panel: Panel) -> None:
    assert await panel.host.locator(".panel").evaluate("panel => getComputedStyle(panel).animationName") == "none"


async def test_a_site_changes_its_colours_by_custom_properties(panel: Panel) -> None:
    await panel.page.add_style_tag(content="helplens-widget { --helplens-accent: rgb(120, 10, 60) !important }")
    colour = await panel.launcher.evaluate("button => getComputedStyle(button).backgroundColor")
    assert colour == "rgb(120, 10, 60)"
