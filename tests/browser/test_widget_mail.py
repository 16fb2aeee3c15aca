"""After hours the customer is asked where to write to, and comes back by the link in a letter, on any device."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from conftest import HELP_CENTRE, OpenPage
from panel import Panel, axe
from playwright.async_api import expect
from ports import free_port
from serving import Served

pytestmark = pytest.mark.browser


@pytest.fixture
async def closed(tmp_path: Path) -> AsyncIterator[Served]:
    """A house where nobody is there this century, and letters can be sent."""
    port = free_port()
    settings = {
        "HELPLENS_MAIL_WEBHOOK": "http://127.0.0.1:9/mail",
        "HELPLENS_MAIL_FROM": "help@shop.example",
        "HELPLENS_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "HELPLENS_HOURS": "UTC 2199-01-01 09:00-17:00",
    }
    served = Served(tmp_path, (str(HELP_CENTRE),), settings, port)
    await served.start()
    yield served
    await served.stop()


async def test_an_address_is_asked_for_and_the_link_leads_back(visit: OpenPage, closed: Served) -> None:
    page = await visit(f"{closed.address}/demo", house=closed)
    panel = await Panel(page).open()
    await panel.button("Talk to a person").first.click()
    address = panel.host.get_by_label("Your e-mail address")
    await expect(address).to_be_visible()
    assert await axe(page) == []
    await address.fill("kim@example")
    await panel.button("Write to me").click()
    await expect(panel.host.get_by_text("“kim@example” is no e-mail address")).to_be_visible()
    await address.fill("kim@example.org")
    await panel.button("Write to me").click()
    await expect(address).to_have_count(0)
    await page.reload()
    await expect(panel.host.locator(".notice", has_text="You are written to by e-mail")).to_be_visible()
    await panel.send("One more thing")
    await expect(panel.messages).to_have_count(1)

    of = (await panel.memory())["conversation"]
    elsewhere = Panel(await visit(f"{closed.address}/talk#{of['id']}/{of['token']}", house=closed))
    await expect(elsewhere.messages).to_have_text(["One more thing"])
    assert of["token"] not in elsewhere.page.url
    lost = await visit(f"{closed.address}/talk#{of['id']}/wrong", house=closed)
    await expect(lost.get_by_role("alert")).to_contain_text("This link has expired")


@pytest.mark.parametrize(
    ("language", "title", "opens", "lost", "away"),
    [
        ("de", "Ihr Gespräch", "Es öffnet sich", "Dieser Link ist abgelaufen", "nicht erreichbar"),
        ("es", "Tu conversación", "Se abre", "Este enlace ha caducado", "no se puede contactar"),
        ("fr", "Votre conversation", "Elle s’ouvre", "Ce lien a expiré", "injoignable"),
    ],
)
async def test_the_page_behind_the_link_speaks_the_conversations_language(
    language: str, title: str, opens: str, lost: str, away: str, panel: Panel, visit: OpenPage
) -> None:
    """Whatever the browser speaks. Who was cut off opens the same address once more: its token still stands there."""
    await panel.send("Where do I enter a coupon?")
    await expect(panel.messages).to_have_count(1)
    of = (await panel.memory())["conversation"]
    address = f"/talk?in={language}#{of['id']}/{of['token']}"
    elsewhere = await visit("/demo", locale="en-GB")
    await elsewhere.route("**/api/v1/conversations/*", lambda route: route.abort())
    await elsewhere.goto(address)
    await expect(elsewhere.get_by_role("alert")).to_contain_text(away)
    await elsewhere.unroute("**/api/v1/conversations/*")
    await elsewhere.reload()
    await expect(elsewhere.get_by_role("heading", name=title)).to_be_visible()
    await expect(elsewhere.get_by_text(opens)).to_be_visible()
    talk = Panel(elsewhere)
    await expect(talk.messages).to_have_text(["Where do I enter a coupon?"])
    names = {"de": "Hilfe", "es": "Ayuda", "fr": "Aide"}
    await expect(talk.host.locator("header h2")).to_have_text(names[language])
    assert of["token"] not in elsewhere.url
    await elsewhere.goto("/demo")
    await elsewhere.goto(f"/talk?in={language}#{of['id']}/wrong")
    await expect(elsewhere.get_by_role("alert")).to_contain_text(lost)


async def test_without_a_language_in_its_link_the_page_speaks_the_browsers(visit: OpenPage) -> None:
    page = await visit("/talk", locale="fr-FR")
    await expect(page.get_by_role("alert")).to_contain_text("Ce lien a expiré")
    assert await page.locator("html").get_attribute("lang") == "fr"
