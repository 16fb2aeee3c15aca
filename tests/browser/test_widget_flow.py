"""The main job in the browser: show the problem, see what the bot sees, be shown where to click."""

import base64
import re

import pytest
from conftest import OpenPage
from panel import READ_MS, SCREENSHOTS, Panel, until
from playwright.async_api import expect

pytestmark = pytest.mark.browser


async def test_a_picture_is_seen_before_it_is_sent_and_answered_with_the_articles_steps(panel: Panel) -> None:
    await panel.add("card.png")
    await expect(panel.uploads.locator(".receipt")).to_contain_text(re.compile("Looking at it|Read"), timeout=READ_MS)
    card = panel.host.get_by_role("region", name="What I see")
    await expect(card).to_contain_text("Plan & billing", timeout=READ_MS)
    await expect(card).to_contain_text("Your card was declined")
    await panel.send("My payment does not go through")
    answer = await panel.answered("Your card was declined")
    await expect(answer.locator("ol")).to_contain_text("Replace card")
    await expect(answer.locator(".ringed svg.marked rect.ring").first).to_be_attached()
    await expect(answer.locator(".ringed .sr li").first).to_contain_text(re.compile(r"Step \d: the ring is around “"))


async def test_a_citation_opens_its_article_in_the_panel_and_back_again(panel: Panel) -> None:
    await panel.ask("My card was declined, error TB-4021", "card.png")
    answer = await panel.answered("Your card was declined")
    await answer.locator(".cite").first.click()
    article = panel.host.locator(".article")
    await expect(article.get_by_role("heading", name="Your card was declined").first).to_be_visible()
    await expect(article).to_contain_text("Ask your bank to allow online payments")
    await panel.button("Back").click()
    await expect(answer).to_be_visible()


@pytest.mark.parametrize("back", ["button", "key"])
async def test_who_comes_back_from_an_article_is_where_they_left(back: str, panel: Panel) -> None:
    """The talk stands where it stood, and the keyboard goes on from what opened the article."""
    await panel.ask("My card was declined, error TB-4021", "card.png")
    cite = (await panel.answered("Your card was declined")).locator(".cite").first
    talk = panel.host.locator(".scroll.talk")
    await cite.scroll_into_view_if_needed()
    await talk.evaluate("box => { box.scrollTop -= 40 }")
    stood = await talk.evaluate("box => box.scrollTop")
    assert 0 < stood < await talk.evaluate("box => box.scrollHeight - box.clientHeight")
    await cite.press("Enter")
    await expect(panel.button("Back")).to_be_focused()
    await expect(panel.host.locator(".talking")).to_have_attribute("inert", "")
    if back == "button":
        await panel.button("Back").press("Enter")
    else:
        await panel.page.keyboard.press("Escape")
    await expect(cite).to_be_focused()
    assert await talk.evaluate("box => box.scrollTop") == stood


async def test_the_ringed_picture_opens_large_and_zooms(panel: Panel) -> None:
    await panel.ask("My payment does not go through", "card.png")
    answer = await panel.answered("Your card was declined")
    await answer.locator(".ringed .thumb").click()
    large = panel.host.get_by_role("dialog", name="Your picture, marked")
    await expect(large.locator("rect.ring").first).to_be_visible()
    await large.get_by_role("button", name="Larger").click()
    await expect(large.locator(".zoom")).to_have_attribute("style", re.compile(r"scale\(1\.5\)"))
    view = await large.locator(".view").bounding_box()
    assert view
    await panel.page.mouse.move(view["x"] + 100, view["y"] + 100)
    await panel.page.mouse.wheel(0, -200)
    await expect(large.locator(".zoom")).to_have_attribute("style", re.compile(r"scale\(1\.8"))
    await panel.page.keyboard.press("Escape")
    await expect(large).to_be_hidden()
    await answer.locator(".ringed .over").press("Enter")
    await large.locator(".view").focus()
    await panel.page.keyboard.press("ArrowRight")
    await expect(large.locator(".zoom")).not_to_have_attribute("style", re.compile("scale"))
    await panel.page.keyboard.press("+")
    await panel.page.keyboard.press("ArrowRight")
    middle = view["width"] / 2
    moved = re.compile(rf"translate\({-middle / 2 - 60:.0f}(\.\d+)?px, .*scale\(1\.5\)")
    await expect(large.locator(".zoom")).to_have_attribute("style", moved)


async def test_two_fingers_zoom_the_large_picture(visit: OpenPage) -> None:
    panel = await Panel(await visit("/demo", viewport={"width": 390, "height": 844}, has_touch=True)).open()
    await panel.ask("", "card.png")
    await panel.host.locator(".said.own:not(.unsent) .sent .thumb").click()
    view = panel.host.locator(".large .view")
    await expect(view).to_be_visible()
    await view.evaluate(
        """view => {
            view.setPointerCapture = () => undefined
            const at = (pointerId, clientX) => ({pointerId, clientX, clientY: 400})
            const finger = (type, id, x) => view.dispatchEvent(new PointerEvent(type, at(id, x)))
            finger('pointerdown', 1, 180); finger('pointerdown', 2, 220)
            finger('pointermove', 1, 178); finger('pointermove', 2, 222)
            finger('pointermove', 1, 100); finger('pointermove', 2, 300)
        }"""
    )
    style = await panel.host.locator(".zoom").get_attribute("style")
    scale = re.search(r"scale\(([\d.]+)\)", style or "")
    assert scale and float(scale[1]) > 3


async def test_a_screenshot_is_pasted(panel: Panel) -> None:
    picture = base64.b64encode((SCREENSHOTS / "card.png").read_bytes()).decode()
    await panel.field.evaluate(
        """(field, data) => {
            const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0))
            const clipboard = new DataTransfer()
            clipboard.items.add(new File([bytes], 'image.png', {type: 'image/png'}))
            const how = {clipboardData: clipboard, bubbles: true, cancelable: true}
            field.dispatchEvent(new ClipboardEvent('paste', how))
        }""",
        picture,
    )
    await expect(panel.uploads.locator(".receipt.read")).to_be_visible(timeout=READ_MS)


async def test_a_screenshot_is_dropped_and_another_kind_of_file_is_refused_in_words(panel: Panel) -> None:
    picture = base64.b64encode((SCREENSHOTS / "card.png").read_bytes()).decode()
    await panel.host.locator(".panel").evaluate(
        """(panel, data) => {
            const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0))
            const carried = new DataTransfer()
            carried.items.add(new File([bytes], 'card.png', {type: 'image/png'}))
            carried.items.add(new File(['%PDF'], 'bill.pdf', {type: 'application/pdf'}))
            const how = {dataTransfer: carried, bubbles: true, cancelable: true}
            for (const type of ['dragover', 'drop']) panel.dispatchEvent(new DragEvent(type, how))
        }""",
        picture,
    )
    await expect(panel.uploads).to_have_count(1)
    await expect(panel.host.locator(".line")).to_contain_text("bill.pdf is not a picture I can read")


async def test_several_pictures_go_into_one_message_and_no_words_are_needed(panel: Panel) -> None:
    await panel.ask("", "card.png", "coupon.png")
    await expect(panel.host.locator(".said.own .sent img")).to_have_count(2)
    await panel.add("card.png", "coupon.png", "send.png", "upload.png", "sync.png")
    await expect(panel.uploads).to_have_count(4)
    await expect(panel.host.locator(".line")).to_contain_text("One message takes 4 pictures")


async def test_the_card_is_corrected_before_an_answer_is_built_on_it(panel: Panel) -> None:
    await panel.add("card.png")
    card = panel.host.get_by_role("region", name="What I see")
    await card.get_by_role("button", name="Not right? Correct it").click(timeout=READ_MS)
    await panel.host.get_by_label("Message", exact=True).fill("This coupon has expired")
    await panel.button("Save").click()
    await expect(card).to_contain_text("This coupon has expired")
    seen = await until(lambda: _error(panel, "This coupon has expired"))
    assert seen


async def _error(panel: Panel, text: str) -> bool:
    return any(seen["error"] == text for seen in (await panel.log())["seen"])


async def test_it_did_not_help_changes_the_plan_and_offers_a_person(panel: Panel) -> None:
    await panel.ask("My card was declined, error TB-4021", "card.png")
    answer = await panel.answered("Your card was declined")
    await answer.get_by_role("button", name="It did not help").click()
    await expect(answer.get_by_role("button", name="It did not help")).to_have_attribute("aria-pressed", "true")
    rated = await until(lambda: _rated(panel))
    assert rated[0]["helped"] is False
    await expect(panel.button("Talk to a person").first).to_be_enabled()


async def _rated(panel: Panel) -> list[dict[str, object]]:
    ratings: list[dict[str, object]] = (await panel.log())["ratings"]
    return ratings


async def test_after_a_repair_the_page_is_shown_again_with_the_question_written(panel: Panel) -> None:
    await panel.ask("My payment does not go through", "card.png")
    answer = await panel.answered("Your card was declined")
    main = panel.page.locator("#main, #dialog")
    await panel.button("Close help").first.click()
    await main.get_by_role("button", name="Replace card").click()
    await main.get_by_role("button", name="Save card").click()
    await main.get_by_role("button", name="Pay now").click()
    await panel.open()
    await answer.get_by_role("button", name="Did it work? Show me the page again").click()
    await panel.editor.get_by_role("button", name="Use this picture").click()
    await expect(panel.uploads.locator(".receipt.read")).to_be_visible(timeout=READ_MS)
    await expect(panel.field).to_have_value("Did it work?")
    assert "declined" not in (await panel.log())["seen"][-1]["error"]


async def test_a_person_is_one_press_away_from_the_first_second(panel: Panel) -> None:
    await panel.button("Talk to a person").click()
    await expect(panel.host.locator(".notice")).to_contain_text("person")
    await expect(panel.host.locator(".human")).to_be_disabled()
    assert (await panel.log())["owner"] == "waiting"


async def test_without_a_model_the_panel_says_so(panel: Panel) -> None:
    await expect(panel.host.locator(".notice-model")).to_have_text(
        "Answers are quoted word for word from the help centre; no language model is asked."
    )


async def test_a_picture_that_is_removed_before_sending_does_not_stay_on_the_server(panel: Panel) -> None:
    await panel.add("upload.png")
    await expect(panel.uploads.locator(".receipt.read")).to_be_visible(timeout=READ_MS)
    assert len((await panel.log())["attachments"]) == 1
    async with panel.page.expect_response(lambda r: r.request.method == "DELETE") as gone:
        await panel.uploads.get_by_role("button", name="Remove").click()
    assert (await gone.value).status == 204
    assert (await panel.log())["attachments"] == []
