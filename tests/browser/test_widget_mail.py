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
    await expect(lost.get_by_text("This link has expired")).to_be_visible()
