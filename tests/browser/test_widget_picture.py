"""Pictures before they leave the browser: this page captured as the customer sees it, and the editor."""

import base64
import io

import pytest
from conftest import OpenPage, Watched
from panel import READ_MS, SCREENSHOTS, Panel, until
from PIL import Image, ImageChops
from playwright.async_api import expect

pytestmark = pytest.mark.browser


async def test_this_page_is_captured_with_what_is_private_covered(panel: Panel) -> None:
    await panel.page.evaluate(
        """() => {
            const box = document.createElement('div')
            box.id = 'planted'
            box.style = 'position: fixed; left: 300px; top: 300px; z-index: 5; background: white; font: 30px monospace'
            box.innerHTML = '<input type=password value=hunter22><input name=cardnumber value=4242424242424242>'
                + '<p data-private>Top secret name</p>'
            document.body.append(box)
        }"""
    )
    await panel.field.fill("my payment doesn't work")
    await panel.host.locator(".offer").get_by_role("button", name="Show this page").click()
    await expect(panel.editor).to_contain_text("Password, card and private fields are already hidden")
    await panel.editor.get_by_role("button", name="Use this picture").click()
    await expect(panel.uploads.locator(".receipt.read")).to_be_visible(timeout=READ_MS)
    await expect(panel.host.get_by_role("region", name="What I see")).to_contain_text("Your card was declined")
    picture = await _uploaded(panel)
    assert picture.size == (1280, 720)
    planted = picture.crop((300, 300, 660, 420))
    dark = sum(planted.convert("L").histogram()[:60])
    assert dark > 3000, "the private fields are not covered by solid blocks"


async def _uploaded(panel: Panel) -> Image.Image:
    """The newest picture as the server keeps it."""
    url = (await panel.log())["attachments"][-1]["url"]
    return Image.open(io.BytesIO(await (await panel.page.request.get(url)).body())).convert("RGB")


YELLOW, BLUE, GREEN = (255, 255, 0), (0, 0, 255), (0, 128, 0)


async def test_what_is_scrolled_and_what_stays_while_it_scrolls_are_captured_where_they_are_seen(panel: Panel) -> None:
    """A pane with its own scrollbar, its heading that sticks, and a line of tabs that is wider than its box."""
    await panel.page.evaluate(
        """() => {
            const put = (style, inside) => {
                const box = document.createElement('div')
                box.style = `position: fixed; top: 200px; width: 200px; overflow: auto; z-index: 5; ${style}`
                box.innerHTML = inside
                document.body.append(box)
                return box
            }
            const strip = (height, more) => `<div style="height: ${height}px; ${more}"></div>`
            const heading = strip(40, 'background: yellow; position: sticky; top: 0')
            const rows = strip(400, 'background: red') + strip(400, 'background: blue')
            const box = put('left: 100px; height: 200px', `<div>${heading}${rows}</div>`)
            put('left: 400px', strip(40, 'background: green; width: 600px'))
            box.scrollTop = 440
        }"""
    )
    await panel.button("Show this page").click()
    await expect(panel.editor).to_be_visible()
    drawn = await panel.editor.locator("canvas").evaluate("canvas => canvas.toDataURL()")
    picture = Image.open(io.BytesIO(base64.b64decode(drawn.partition(",")[2]))).convert("RGB")
    spots = {(150, 210): YELLOW, (150, 260): BLUE, (150, 390): BLUE, (450, 210): GREEN, (450, 236): GREEN}
    assert {spot: picture.getpixel(spot) for spot in spots} == spots


async def test_pictures_of_other_sites_are_left_out_of_a_capture_and_never_fetched_for_it(
    visit: OpenPage, watched: Watched
) -> None:
    watched.hosts.add("pictures.example")
    page = await visit("/demo?fault=card", bypass_csp=True)
    asked: list[str] = []
    await page.route(
        "https://pictures.example/*",
        lambda route: asked.append(route.request.url) or route.fulfill(body=SQUARE, content_type="image/svg+xml"),
    )
    await page.evaluate(
        """() => new Promise(loaded => {
            const picture = new Image(400, 400)
            picture.style = 'position: fixed; left: 300px; top: 200px'
            Object.assign(picture, {onload: loaded, src: 'https://pictures.example/red.svg'})
            document.body.append(picture)
        })"""
    )
    panel = await Panel(page).open()
    await panel.button("Show this page").click()
    await panel.editor.get_by_role("button", name="Use this picture").click()
    await expect(panel.uploads.locator(".receipt.read")).to_be_visible(timeout=READ_MS)
    assert len(asked) == 1, asked
    picture = await _uploaded(panel)
    assert not any(p == (255, 0, 0) for p in picture.get_flattened_data())


SQUARE = '<svg xmlns="http://www.w3.org/2000/svg"><rect width="400" height="400" fill="#f00"/></svg>'


async def test_an_empty_capture_is_recognised_said_and_not_sent(panel: Panel) -> None:
    # what a strict policy of the site does to such libraries: the drawn copy stays blank
    await panel.page.evaluate("CanvasRenderingContext2D.prototype.drawImage = () => undefined")
    await panel.button("Show this page").click()
    await expect(panel.host.locator(".line")).to_contain_text("came out empty")
    await expect(panel.uploads).to_have_count(0)


async def test_a_picture_is_blacked_out_cropped_and_marked_before_it_leaves_the_browser(visit: OpenPage) -> None:
    page = await visit("/demo?fault=card")
    await page.evaluate("document.querySelector('helplens-widget').review = true")
    panel = await Panel(page).open()
    await panel.host.locator('input[type="file"]').set_input_files(SCREENSHOTS / "card.png")
    canvas = panel.editor.locator("canvas")
    await expect(canvas).to_be_visible()
    box = await canvas.bounding_box()
    assert box and await panel.uploads.count() == 0

    async def drag(left: float, top: float, right: float, bottom: float) -> None:
        await page.mouse.move(box["x"] + box["width"] * left, box["y"] + box["height"] * top)
        await page.mouse.down()
        await page.mouse.move(box["x"] + box["width"] * right, box["y"] + box["height"] * bottom, steps=3)
        await page.mouse.up()

    await drag(0.2, 0.3, 0.4, 0.4)
    await drag(0.6, 0.6, 0.7, 0.7)
    await panel.editor.get_by_role("button", name="Undo").click()
    await panel.editor.get_by_role("button", name="Arrow").click()
    await drag(0.5, 0.5, 0.6, 0.7)
    await panel.editor.get_by_role("button", name="Use this picture").click()
    await expect(panel.uploads.locator(".receipt.read")).to_be_visible(timeout=READ_MS)
    picture = await _uploaded(panel)
    assert picture.crop((270, 250, 500, 310)).getextrema() == ((0, 0), (0, 0), (0, 0)), "not solid"
    assert max(picture.crop((790, 500, 880, 540)).getextrema()[0]) > 0, "what was undone is gone"
    reds = [
        p for p in picture.crop((620, 380, 800, 590)).get_flattened_data() if p[0] > 200 and p[1] < 80 and p[2] < 60
    ]
    assert len(reds) > 200, "no arrow"


async def test_what_the_server_found_private_is_blacked_out_with_one_press_before_sending(panel: Panel) -> None:
    await panel.add("email.png")
    card = panel.host.get_by_role("region", name="What I see")
    await card.get_by_role("button", name="Black out what looks private").click(timeout=READ_MS)
    uncovered = (await panel.log())["attachments"][0]["id"]
    await panel.editor.get_by_role("button", name="Black out what looks private").click()
    await panel.editor.get_by_role("button", name="Use this picture").click()
    await until(lambda: _replaced(panel, uncovered))
    before = Image.open(SCREENSHOTS / "email.png").convert("RGB")
    changed = ImageChops.difference(await _uploaded(panel), before).getbbox()
    assert changed, "nothing was covered"
    covered = (await _uploaded(panel)).crop(changed).convert("L")
    assert covered.histogram()[0] > 2_000


async def _replaced(panel: Panel, first: str) -> bool:
    """Whether another picture stands in the place of the first one, which is gone from the server."""
    kept = [attachment["id"] for attachment in (await panel.log())["attachments"]]
    return len(kept) == 1 and kept != [first]


async def test_the_editor_works_with_the_keyboard_alone_and_crops(visit: OpenPage) -> None:
    page = await visit("/demo?fault=card")
    await page.evaluate("document.querySelector('helplens-widget').review = true")
    panel = await Panel(page).open()
    await panel.host.locator('input[type="file"]').set_input_files(SCREENSHOTS / "card.png")
    await panel.editor.get_by_role("button", name="Crop").press("Enter")
    await panel.editor.locator("canvas").focus()
    for key in ("ArrowRight", "Shift+ArrowRight", "Shift+ArrowDown", "Enter"):
        await page.keyboard.press(key)
    size = await panel.editor.locator("canvas").evaluate("canvas => [canvas.width, canvas.height]")
    assert size == [256 + 22, 80 + 14]
    await page.keyboard.press("Escape")
    await expect(panel.uploads).to_have_count(0)
