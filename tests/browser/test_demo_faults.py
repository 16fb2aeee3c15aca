"""Every planted fault of the demo is a real state of the page, and is mended by doing what its article says."""

from collections.abc import Awaitable, Callable

import pytest
from conftest import OpenPage
from playwright.async_api import Page, expect

pytestmark = pytest.mark.browser
Repair = Callable[[Page], Awaitable[None]]


async def press(page: Page, *labels: str) -> None:
    """Presses one button or link after the other."""
    for label in labels:
        main = page.locator("#main, #dialog, #nav").get_by_role("button", name=label, exact=True)
        link = page.locator("#main, #nav").get_by_role("link", name=label, exact=True)
        await main.or_(link).first.click()


async def card(page: Page) -> None:
    await press(page, "Replace card")
    await page.get_by_label("Card number").fill("5555 5555 5555 4444")
    await press(page, "Save card", "Pay now")


async def coupon(page: Page) -> None:
    await press(page, "Use this offer")


async def send(page: Page) -> None:
    await expect(page.get_by_role("button", name="Send invoice")).to_be_disabled()
    await press(page, "Settings")
    await page.get_by_label("Tax number").fill("GB 123 4567 89")
    await press(page, "Save changes", "Invoices", "INV-20431", "Send invoice")


async def upload(page: Page) -> None:
    await press(page, "Upload options")
    await page.get_by_label("Make pictures smaller").check()
    await press(page, "Done", "Try again")


async def reports(page: Page) -> None:
    await press(page, "Request access")
    await page.locator(".person summary").click()
    await page.get_by_role("button", name="View as Jonas (owner)").click()
    await press(page, "Team", "Requests (1)", "Approve", "Reports")


async def sync(page: Page) -> None:
    await press(page, "Review changes")
    await page.get_by_label("Keep this version").check()
    await press(page, "Save and sync")


async def export(page: Page) -> None:
    await page.get_by_label("Period").select_option("Last 12 months")
    await press(page, "Start export")


async def email(page: Page) -> None:
    await page.get_by_label("Email address").fill("mara@fenwick-daughters.example")
    await press(page, "Save address", "Resume email")


FAULTS: list[tuple[str, str, Repair, str]] = [
    ("card", "Your card was declined", card, "Invoice INV-20418 is paid"),
    ("coupon", "This coupon has expired", coupon, "WORKBENCH20 is active"),
    ("send", "Your tax number is missing", send, "INV-20431 went to Harbour Joinery."),
    ("upload", "Error TB-6010", upload, "bench-plan.jpg is uploaded"),
    ("reports", "You no longer have access to Reports", reports, "Sales by month"),
    ("sync", "Sync stopped for this order", sync, "ORD-7731 is the same on all devices."),
    ("export", "Error TB-7004", export, "Your export is ready"),
    ("email", "Email is paused", email, "Email is on"),
]


@pytest.mark.parametrize(("name", "fault", "repair", "mended"), FAULTS, ids=[fault[0] for fault in FAULTS])
async def test_a_fault_is_seen_and_mended(name: str, fault: str, repair: Repair, mended: str, visit: OpenPage) -> None:
    page = await visit(f"/demo?fault={name}")
    shown = page.locator("#main, #dialog")
    await expect(shown.get_by_text(fault, exact=False).first).to_be_visible()
    await expect(page.locator("#guide")).to_contain_text("0 of 8 solved")
    await repair(page)
    await expect(shown.get_by_text(mended, exact=False).first).to_be_visible()
    await expect(page.locator("#guide")).to_contain_text("1 of 8 solved")


async def test_the_guide_begins_a_fault_and_hands_its_question_to_the_widget(visit: OpenPage) -> None:
    page = await visit("/demo")
    await page.get_by_role("button", name="An expired coupon").click()
    await page.get_by_role("button", name="Ask for help").click()
    await expect(page.locator("helplens-widget .field textarea")).to_have_value("Why can't I use this code?")
    await page.get_by_role("button", name="Start over").click()
    await expect(page.locator("#main")).to_contain_text("Good morning, Mara")


@pytest.mark.parametrize("width", [390, 768, 1280, 1600])
async def test_nothing_sticks_out_at_any_width(width: int, visit: OpenPage) -> None:
    page = await visit("/demo?fault=card", viewport={"width": width, "height": 800})
    for place in ("", "settings/billing", "invoices/INV-20431", "orders", "files", "team"):
        await page.evaluate("place => { location.hash = `#/${place}` }", place)
        await expect(page.locator("#main h1")).to_be_visible()
        wide = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1], (place, wide)
