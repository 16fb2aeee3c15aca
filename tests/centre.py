"""A small help centre of an invented product, and screens of it, for the tests of searching."""

from pathlib import Path

from bot.screenshots.ocr import Line
from bot.screenshots.screen import Screen

ARTICLES = {
    "billing/replace-card.md": """# Replace a card

1. Open **Settings > Billing**.
2. Click **Replace card** and type the **Card number**.
3. Click **Save card**.

The message **Your card was declined** means that the bank said no.
""",
    "billing/coupons.md": """# Use a coupon

1. Open **Checkout**.
2. Type the code under **Coupon code** and click **Apply**.

**This coupon has expired** is shown when its last day is over.
""",
    "team/invite.md": """# Invite a colleague

1. Open **Team members**.
2. Click **Send invitation** and choose a **Role**.

Only an **Administrator** sees **Send invitation**.
""",
    "files/upload.md": """# Upload a file

Drag the file to **Documents** or click **Upload document**. **File is too large** means more than 25 MB.
""",
    "sync/conflicts.md": """# Solve a sync conflict

Click **Keep mine** or **Keep theirs** in **Sync conflicts**. Both versions stay in **History**.
""",
    "reference/api.md": """# API reference

```json
{"card": "number", "coupon": "code", "team": ["members"], "documents": [], "role": "administrator"}
```
""",
}


def write(folder: Path, articles: dict[str, str] = ARTICLES) -> Path:
    """The help centre as files under `folder`."""
    for name, text in articles.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def screen(*lines: str, left: float = 40.0, width: int = 800) -> Screen:
    """A screen that says these lines, one under the other, beginning `left` pixels from its edge."""
    placed = (
        Line(text=text, box=(left, 20.0 + 30 * n, left + 9 * len(text), 38.0 + 30 * n), score=0.99)
        for n, text in enumerate(lines)
    )
    return Screen(sha256="0" * 64, width=width, height=600, lines=tuple(placed))
