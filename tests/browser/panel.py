"""The widget on a page, as a customer uses it: by what it says and shows. Playwright looks through shadow roots."""

import asyncio
import re
from pathlib import Path
from typing import Any

from playwright.async_api import Locator, Page, expect

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
AXE = Path(__file__).parent.parent.parent / "handlers" / "web" / "widget" / "node_modules" / "axe-core" / "axe.min.js"
SCREENSHOTS = EXAMPLES / "screenshots"
PATIENCE_MS = 30_000
"""For what takes milliseconds on a quiet machine."""
READ_MS = 90_000
"""For what takes a second or two on a quiet machine: a picture is read, a question answered."""


class Panel:
    """The help panel of one page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.host = page.locator("helplens-widget")
        self.launcher = self.host.locator(".launcher")
        self.field = self.host.locator(".field textarea")
        self.messages = self.host.locator(".said.own:not(.unsent) .bubble")
        self.answers = self.host.locator(".said.bot[data-turn]")
        self.uploads = self.host.locator(".upload")
        self.editor = self.host.get_by_role("dialog", name="Prepare the picture")

    async def open(self) -> "Panel":
        """Opens the panel."""
        await self.launcher.click()
        await expect(self.field).to_be_visible()
        return self

    def button(self, name: str | re.Pattern[str]) -> Locator:
        """A button by what it says."""
        return self.host.get_by_role("button", name=name)

    async def add(self, *pictures: str | Path) -> None:
        """Adds pictures through the file picker, and waits until they are with the server."""
        files = [SCREENSHOTS / p if isinstance(p, str) else p for p in pictures]
        await self.host.locator('input[type="file"]').set_input_files(files)

    async def send(self, text: str = "") -> None:
        """Writes and sends."""
        if text:
            await self.field.fill(text)
        await self.button("Send").click()

    async def ask(self, text: str, *pictures: str) -> None:
        """A whole message, once its pictures have been read."""
        if pictures:
            await self.add(*pictures)
            await expect(self.uploads.locator(".receipt.read")).to_have_count(len(pictures), timeout=READ_MS)
        await self.send(text)

    async def answered(self, title: str, turn: int = 1) -> Locator:
        """The answer from the article `title`; a splitting question is answered by its button."""
        answer = self.answers.nth(turn - 1)
        await expect(answer).to_have_attribute("aria-busy", "false", timeout=READ_MS)
        choice = answer.locator(".choices button", has_text=re.compile(f"^{re.escape(title)}(: .*)?$"))
        if await choice.count():
            await choice.click()
            answer = self.answers.nth(turn)
            await expect(answer).to_have_attribute("aria-busy", "false", timeout=READ_MS)
        await expect(answer.locator(".sources")).to_contain_text(title)
        return answer

    async def recorded(self, selector: str) -> None:
        """Keeps from now on every text that a part of the panel shows: what stands there for a moment only."""
        await self.host.evaluate(
            """(host, selector) => {
                window.recorded = []
                const all = {childList: true, subtree: true, characterData: true}
                const look = () => host.shadowRoot.querySelectorAll(selector).forEach(e => recorded.push(e.innerText))
                new MutationObserver(look).observe(host.shadowRoot, all)
            }""",
            selector,
        )

    async def shown(self) -> list[str]:
        """What was recorded."""
        texts: list[str] = await self.page.evaluate("recorded")
        return texts

    async def memory(self) -> dict[str, Any]:
        """What the widget keeps in this browser."""
        found: dict[str, Any] = await self.page.evaluate(
            "JSON.parse(localStorage.getItem(Object.keys(localStorage).find(k => k.startsWith('helplens:'))))"
        )
        return found

    async def log(self) -> dict[str, Any]:
        """The conversation as the server has it."""
        of = (await self.memory())["conversation"]
        response = await self.page.request.get(
            f"/api/v1/conversations/{of['id']}", headers={"Authorization": f"Bearer {of['token']}"}
        )
        standing: dict[str, Any] = await response.json()
        return standing


async def until(check: Any, seconds: float = 60) -> Any:
    """Waits until the awaitable that `check` makes gives something true, and returns that."""
    async with asyncio.timeout(seconds):
        while not (found := await check()):  # noqa: ASYNC110 - a server is asked: nothing here could be waited for
            await asyncio.sleep(0.05)
    return found


async def axe(page: Page) -> list[str]:
    """What axe finds, in words."""
    await page.evaluate(AXE.read_text())
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    found = await page.evaluate("rules => axe.run(document, {runOnly: rules})", rules)
    return [f"{v['id']}: {[n['html'][:160] + str(n['any'][:1]) for n in v['nodes']]}" for v in found["violations"]]
