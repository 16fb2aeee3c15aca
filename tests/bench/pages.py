"""Draws screens of invented products with their truth beside them, to measure on what no page template shows.

    python tests/bench/pages.py FOLDER [--private] [--count 24] [--seed 1]

Every seed is another look: fonts, colours, shapes, density, sidebar or top bar, light or dark, computer or telephone,
left-to-right or mirrored. Names stand in several places on purpose (heading, breadcrumb, menu, sentence, button).
The truth has the form that the open cases have: words, controls and planted items with their boxes. Needs Chromium.
"""

# ruff: noqa: E501  # style sheets and markup, which are read as what they are

import argparse
import html
import json
import random
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import chromium
from bench import people

MENU = [
    "Overview",
    "Orders",
    "Customers",
    "Products",
    "Billing",
    "Invoices",
    "Reports",
    "Team",
    "Settings",
    "Integrations",
    "Security",
    "Notifications",
    "Webhooks",
    "Automations",
    "Campaigns",
    "Inbox",
    "Calendar",
    "Files",
    "Workflows",
    "Subscriptions",
    "Discounts",
    "Shipping",
    "Taxes",
    "Domains",
    "Backups",
    "Members",
]
ACTIONS = [
    "Save changes",
    "Create invoice",
    "Add member",
    "Export CSV",
    "Invite people",
    "Delete account",
    "Reset password",
    "Connect",
    "Disconnect",
    "Upgrade plan",
    "New order",
    "Import contacts",
    "Download report",
    "Send test",
    "Apply filter",
    "Change password",
    "Add payment method",
    "Generate key",
    "Verify domain",
    "Start free trial",
    "Archive",
    "Duplicate",
    "Publish",
    "Refund",
    "Retry payment",
    "View details",
    "Learn more",
    "Cancel subscription",
    "Rename",
]
TABS = [
    "General",
    "Profile",
    "Members",
    "Plans",
    "History",
    "Usage",
    "Permissions",
    "Advanced",
    "Activity",
    "Details",
    "Limits",
    "Appearance",
    "Tokens",
    "Logs",
]
FIELDS = [
    "Project name",
    "Company",
    "Website",
    "Time zone",
    "Language",
    "Currency",
    "Description",
    "Subject",
    "Reply-to",
    "Tax number",
    "Default branch",
    "Webhook URL",
]
PROSE = (
    "Changes take effect at the next renewal.", "You can undo this within thirty days.", "Only owners see this section.",
    "The import runs in the background and may take some minutes.", "Nothing was found for this period.", "Payments are handled by our partner.",
)  # fmt: skip


def look(rng: random.Random) -> dict[str, object]:
    """One product's looks."""
    dark = rng.random() < 0.35
    accent = rng.choice(("#0d6efd", "#7c3aed", "#059669", "#dc2626", "#0f766e", "#ea580c", "#111827", "#2563eb"))
    if dark and accent == "#111827":
        accent = "#38bdf8"
    return {
        "ground": rng.choice(("#0f172a", "#18181b", "#1f2937"))
        if dark
        else rng.choice(("#ffffff", "#f8fafc", "#f3f4f6")),
        "card": rng.choice(("#1e293b", "#27272a", "#2b3544")) if dark else "#ffffff",
        "text": "#e5e7eb" if dark else rng.choice(("#111827", "#1f2937", "#333333")),
        "muted": "#9ca3af" if dark else rng.choice(("#6b7280", "#64748b", "#777777")),
        "line": "#3f3f46" if dark else rng.choice(("#e5e7eb", "#d1d5db", "#e2e8f0")),
        "accent": accent,
        "side": rng.choice((accent, "#1f2937", "#111827", "inherit", "inherit")),
        "font": rng.choice(
            ("Liberation Sans", "Liberation Sans", "DejaVu Sans", "Liberation Sans Narrow", "Liberation Serif")
        ),
        "size": rng.choice((13, 14, 14, 15, 16)),
        "radius": rng.choice((0, 3, 6, 10, 20)),
        "border": rng.choice((0, 1, 1)),
        "shadow": rng.choice(("none", "0 1px 3px rgba(0,0,0,.2)", "0 4px 12px rgba(0,0,0,.1)")),
        "caps": rng.random() < 0.2,
        "pad": rng.choice((4, 7, 10)),
        "nav": rng.choice(("side", "side", "top", "both")),
        "icons": rng.choice(("before", "before", "none")),
        "buttons": rng.choice(("filled", "outline", "soft")),
        "inputs": rng.choice(("box", "filled", "line")),
        "underline": rng.random() < 0.4,
        "phone": rng.random() < 0.12,
        "mirrored": rng.random() < 0.1,
        "header": rng.random() < 0.35,
        "crumb": rng.choice(("/", "/", "›", ">", "•")),
    }


def css(k: dict[str, object]) -> str:
    """The style sheet of a look."""
    side_text = "#f3f4f6" if k["side"] != "inherit" else k["muted"]
    fill = {
        "filled": f"background:{k['accent']};color:#fff;border:1px solid {k['accent']}",
        "outline": f"background:transparent;color:{k['accent']};border:1px solid {k['accent']}",
        "soft": f"background:color-mix(in srgb, {k['accent']} 18%, {k['card']});color:{k['text']};border:0",
    }[str(k["buttons"])]
    field = {
        "box": f"border:1px solid {k['line']};background:{k['card']}",
        "filled": f"border:0;background:color-mix(in srgb, {k['text']} 9%, {k['card']})",
        "line": f"border:0;border-bottom:2px solid {k['line']};background:transparent",
    }[str(k["inputs"])]
    return f"""
*{{box-sizing:border-box}} html{{overflow:hidden}} body{{margin:0;max-width:100vw;overflow:hidden;font:{k["size"]}px/1.5 '{k["font"]}';color:{k["text"]};background:{k["ground"]}}}
a{{color:{k["accent"]};text-decoration:{"underline" if k["underline"] else "none"}}} h1{{font-size:1.7em;margin:0}} h2{{font-size:1.15em;margin:0 0 .5em}}
.page{{display:flex;min-height:100vh}} .side{{width:{"100%" if k["phone"] else "220px"};background:{k["side"]};color:{side_text};padding:12px 0;border-inline-end:1px solid {k["line"]}}}
.side a{{display:flex;gap:10px;align-items:center;padding:{k["pad"]}px 18px;color:inherit;text-decoration:none}} .side a.on{{background:color-mix(in srgb, {k["accent"]} 25%, transparent);font-weight:600}}
.brand{{font-weight:700;font-size:1.2em;padding:4px 18px 14px}} .side .cap{{padding:10px 18px 2px;font-size:.75em;text-transform:uppercase;letter-spacing:.06em;opacity:.7}}
.top{{display:flex;flex-wrap:wrap;gap:6px;align-items:center;border-bottom:1px solid {k["line"]};padding:8px 20px;background:{k["card"]}}} .top a{{padding:6px 10px;color:{k["text"]};text-decoration:none}}
.top a.on{{border-bottom:2px solid {k["accent"]};color:{k["accent"]}}} .main{{flex:1;padding:22px;min-width:0}} .crumbs{{font-size:.85em;color:{k["muted"]};margin-bottom:6px}}
.head{{display:flex;justify-content:space-between;align-items:center;flex-wrap:wrap;gap:10px;margin-bottom:16px}} .card{{background:{k["card"]};border:{k["border"]}px solid {k["line"]};border-radius:{k["radius"]}px;box-shadow:{k["shadow"]};padding:18px;margin-bottom:16px}}
button,.button{{font:inherit;{fill};border-radius:{k["radius"]}px;padding:{k["pad"]}px 14px;{"text-transform:uppercase;font-size:.88em;letter-spacing:.05em;" if k["caps"] else ""}text-decoration:none;display:inline-block}}
button.plain{{background:transparent;color:{k["text"]};border:1px solid {k["line"]}}} button.text{{background:none;border:0;color:{k["accent"]}}} button:disabled{{opacity:.45}}
.tabs{{display:flex;flex-wrap:wrap;gap:4px;border-bottom:1px solid {k["line"]};margin-bottom:14px}} .tabs a{{padding:8px 12px;color:{k["muted"]};text-decoration:none}} .tabs a.on{{color:{k["text"]};border-bottom:2px solid {k["accent"]}}}
label{{display:block;font-size:.92em;margin-bottom:3px}} input,select,textarea{{font:inherit;color:{k["text"]};{field};border-radius:{k["radius"] if k["radius"] != 20 else 8}px;padding:{k["pad"]}px 10px;width:100%}} input::placeholder{{color:{k["muted"]}}}
.grid{{display:grid;grid-template-columns:{"1fr" if k["phone"] else "1fr 1fr"};gap:12px 18px}} table{{width:100%;border-collapse:collapse}} th{{text-align:start;font-size:.85em;color:{k["muted"]}}} td,th{{padding:{k["pad"]}px 8px;border-bottom:1px solid {k["line"]}}}
{".card>h2{margin:-18px -18px 14px;padding:10px 18px;border-bottom:1px solid " + str(k["line"]) + "}" if k["header"] else ""}
.foot{{color:{k["muted"]};font-size:.88em;padding:8px 0}} .foot a{{margin-inline-end:14px}} .stats{{display:grid;grid-template-columns:repeat({2 if k["phone"] else 4},1fr);gap:12px;margin-bottom:16px}} .stats b{{display:block;font-size:1.5em}} .stats .card{{margin:0;padding:12px}}
.links a{{display:block;padding:{k["pad"] / 2}px 0}}
.muted{{color:{k["muted"]}}} .row{{display:flex;justify-content:space-between;align-items:center;padding:{k["pad"]}px 0;border-bottom:1px solid {k["line"]};gap:12px}} .badge{{background:{k["accent"]};color:#fff;border-radius:9px;font-size:.72em;padding:1px 7px;margin-inline-start:auto}}
.alert{{border:1px solid #f59e0b;background:color-mix(in srgb,#f59e0b 14%,{k["card"]});padding:10px 14px;border-radius:{k["radius"]}px;margin-bottom:14px}} svg{{flex:none}} code,pre{{font-family:'Liberation Mono';font-size:.92em}}
dl{{display:grid;grid-template-columns:170px 1fr;gap:6px 12px;margin:0}} dt{{color:{k["muted"]}}} dd{{margin:0}} .veil{{position:fixed;inset:0;background:rgba(0,0,0,.5);display:flex;align-items:center;justify-content:center}} .veil .card{{width:400px}}
.buttons{{display:flex;gap:10px;justify-content:flex-end;margin-top:14px}} .switch{{width:34px;height:18px;border-radius:9px;background:{k["accent"]};border:0;padding:0}} .two b{{display:block}}
"""


def icon(rng: random.Random) -> str:
    """A small drawing that means nothing."""
    d = rng.choice(
        (
            "M3 3h10v10H3z",
            "M8 2a6 6 0 1 0 .1 0",
            "M2 8h12M8 2v12",
            "M2 12l6-9 6 9z",
            "M3 4h10M3 8h10M3 12h10",
            "M4 13V6M8 13V3M12 13V8",
        )
    )
    return f'<svg width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.6"><path d="{d}"/></svg>'


class Page:
    """One page in the making: its pieces of HTML, each drawn from the seed."""

    def __init__(self, rng: random.Random, k: dict[str, object], private: bool) -> None:
        self.rng, self.k, self.private = rng, k, private
        self.menu = rng.sample(MENU, rng.randint(7, 11))
        self.here = rng.choice(self.menu)
        self.actions = rng.sample(ACTIONS, 12)

    def html(self) -> str:
        """The whole document."""
        k, rng = self.k, self.rng
        pieces = [self.form, self.table, self.settings, self.prose, self.facts, self.feature, self.stats, self.links]
        rng.shuffle(pieces)
        body = "".join(piece() for piece in pieces[: 2 if k["phone"] else 4])
        side = "" if k["nav"] == "top" or k["phone"] else self.side()
        top = self.top() if k["nav"] != "side" or k["phone"] else ""
        dialog = self.dialog() if rng.random() < 0.15 else ""
        main = f'<div class="main">{self.head()}{self.tabs() if rng.random() < 0.6 else ""}{body}{self.foot() if rng.random() < 0.4 else ""}</div>'
        direction = ' dir="rtl"' if k["mirrored"] else ""
        return f"<!doctype html><html{direction}><style>{css(k)}</style><body>{top}<div class=page>{side}{main}</div>{dialog}</body></html>"

    def secret(self, kind: str, text: str) -> str:
        return f'<span data-kind="{kind}">{html.escape(text)}</span>'

    def action(self, style: str = "") -> str:
        mark = icon(self.rng) + " " if self.rng.random() < 0.25 else ""
        return f'<button class="{style}">{mark}{self.actions.pop()}</button>' if self.actions else ""

    def side(self) -> str:
        entries = []
        for n, name in enumerate(self.menu):
            if n and n % 4 == 0 and self.rng.random() < 0.5:
                entries.append(f'<div class="cap">{self.rng.choice(("Workspace", "Manage", "Account"))}</div>')
            mark = icon(self.rng) if self.k["icons"] == "before" else ""
            badge = f'<span class="badge">{self.rng.randint(1, 30)}</span>' if self.rng.random() < 0.12 else ""
            entries.append(f'<a href="#" class="{"on" if name == self.here else ""}">{mark}{name}{badge}</a>')
        who = (
            f"<div class=cap>Signed in as {self.secret('name', people.person(self.rng).name)}</div>"
            if self.private
            else ""
        )
        return f'<nav class="side"><div class="brand">Nordkap</div>{"".join(entries)}{who}</nav>'

    def top(self) -> str:
        names = self.menu[: 3 if self.k["phone"] else 6] if self.k["nav"] == "top" else self.rng.sample(MENU, 3)
        links = "".join(f'<a href="#" class="{"on" if n == self.here else ""}">{n}</a>' for n in names)
        return f'<div class="top"><b>Nordkap</b>{links}<input style="width:150px;margin-inline-start:auto" placeholder="Search"></div>'

    def head(self) -> str:
        crumbs = (
            f'<div class="crumbs"><a href="#">Home</a> {self.k["crumb"]} {self.here}</div>'
            if self.rng.random() < 0.6
            else ""
        )
        title = self.here
        if self.private and self.rng.random() < 0.5:
            first = people.person(self.rng).name.split()[0]
            title = f"{self.rng.choice(('Welcome back, ', 'Hi ', 'Hello, '))}{self.secret('name', first)}!"
        return f'{crumbs}<div class="head"><h1>{title}</h1><div>{self.action()} {self.action("plain")}</div></div>'

    def tabs(self) -> str:
        names = self.rng.sample(TABS, 4)
        return (
            '<div class="tabs">'
            + "".join(f'<a href="#" class="{"on" if n == 0 else ""}">{name}</a>' for n, name in enumerate(names))
            + "</div>"
        )

    def form(self) -> str:
        rng, rows = self.rng, []
        who = people.person(rng)
        known = [("Full name", "name", who.name), ("E-mail", "email", who.email), ("Phone", "phone", who.phone), ("Street address", "address", who.street),
                 ("Card number", "card", who.card), ("IBAN", "iban", who.iban), ("API key", "secret", who.secret)]  # fmt: skip
        hints = {
            name: rng.choice(("Optional", "Enter a value", f"Your {name.lower()}"))
            for name in rng.sample(FIELDS, 4 - 2 * self.private)
        }
        rows += [f'<div><label>{name}</label><input placeholder="{hint}"></div>' for name, hint in hints.items()]
        for name, kind, value in rng.sample(known, 3) if self.private else []:
            rows.append(f'<div><label>{name}</label><input data-kind="{kind}" value="{html.escape(value)}"></div>')
        title = rng.choice((self.here, self.actions[-1] if self.actions else self.here, "Details"))
        return f'<div class="card"><h2>{title}</h2><div class="grid">{"".join(rows)}</div><div class="buttons">{self.action("plain")}{self.action()}</div></div>'

    def table(self) -> str:
        rows = []
        for _ in range(4):
            who, (_, value) = people.person(self.rng), people.decoy(self.rng)
            first = (
                f"<td>{self.secret('name', who.name)}</td><td>{self.secret('email', who.email)}</td>"
                if self.private
                else f"<td>{self.rng.choice(FIELDS)}</td><td>{self.rng.choice(('Active', 'Paused'))}</td>"
            )
            rows.append(
                f'<tr>{first}<td>{value}</td><td><a href="#">{self.rng.choice(("Edit", "Open", "Remove"))}</a></td></tr>'
            )
        heads = "<th>Customer</th><th>E-mail</th>" if self.private else "<th>Item</th><th>Status</th>"
        return f'<div class="card"><table><tr>{heads}<th>Reference</th><th></th></tr>{"".join(rows)}</table></div>'

    def settings(self) -> str:
        rows = []
        for name in self.rng.sample(ACTIONS, 3):
            right = self.rng.choice(
                (
                    f'<button class="plain">{self.rng.choice(("Edit", "Configure", "Manage"))}</button>',
                    '<button class="switch" aria-label="switch"></button>',
                )
            )
            rows.append(
                f'<div class="row"><div><b>{name}</b><div class="muted">{self.rng.choice(PROSE)}</div></div>{right}</div>'
            )
        return f'<div class="card"><h2>{self.rng.choice(MENU)}</h2>{"".join(rows)}</div>'

    def prose(self) -> str:
        name = self.rng.choice([n for n in self.menu if n != self.here])
        more = ""
        if self.private:
            who = people.person(self.rng)
            more = f" Last login from {self.secret('ip', who.ip)} by {self.secret('email', who.email)}. Write to {self.secret('phone', who.phone)} or use key {self.secret('secret', who.secret)} once."
        return f'<div class="alert">To see older entries, open {name} first. {self.rng.choice(PROSE)}{more} <a href="#">{self.rng.choice(("Read more", "Dismiss", "Why?"))}</a></div>'

    def facts(self) -> str:
        pairs = [people.decoy(self.rng) for _ in range(4)]
        rows = [f"<dt>{a}</dt><dd>{b}</dd>" for a, b in pairs]
        if self.private:
            who = people.person(self.rng)
            rows += [f"<dt>Billing address</dt><dd>{self.secret('address', who.street)}<br>{self.secret('address', who.town)}</dd>",
                     f"<dt>Account holder</dt><dd>{self.secret('name', who.name)}</dd>", f"<dt>National ID</dt><dd>{self.secret('ssn', who.ssn)}</dd>"]  # fmt: skip
            self.rng.shuffle(rows)
        return f'<div class="card"><h2>Details</h2><dl>{"".join(rows)}</dl></div>'

    def feature(self) -> str:
        name = self.actions.pop() if self.actions else "Connect"
        return f'<div class="card"><h2>{name}</h2><p class="muted">{self.rng.choice(PROSE)} {self.rng.choice(PROSE)}</p><button>{name}</button> <button class="text">Learn how</button></div>'

    def stats(self) -> str:
        names = self.rng.sample(self.menu, 4)
        cells = "".join(
            f'<div class="card"><span class="muted">{n}</span><b>{self.rng.randint(2, 9000)}</b></div>' for n in names
        )
        return f'<div class="stats">{cells}</div>'

    def links(self) -> str:
        names = self.rng.sample(MENU, 3)
        rows = "".join(f'<a href="#">{self.rng.choice(("About", "How to use", "All"))} {n.lower()}</a>' for n in names)
        say = f"<p>The page <b>{self.rng.choice(self.menu)}</b> and the button <b>{self.rng.choice(ACTIONS)}</b> moved. {self.rng.choice(PROSE)}</p>"
        return f'<div class="card links"><h2>{self.rng.choice(TABS)}</h2>{say}{rows}</div>'

    def foot(self) -> str:
        names = self.rng.sample(("Terms", "Privacy", "Status", "Help", "Contact", "Imprint"), 3)
        return (
            '<div class="foot">'
            + "".join(f'<a href="#">{n}</a>' for n in names)
            + "© 2026 Nordkap. All rights reserved.</div>"
        )

    def dialog(self) -> str:
        return f'<div class="veil"><div class="card"><h2>{self.rng.choice(("Are you sure?", "Unsaved changes"))}</h2><p>{self.rng.choice(PROSE)}</p><div class="buttons"><button class="plain">Go back</button><button>{self.rng.choice(("Yes, delete", "Continue"))}</button></div></div></div>'


TRUTH = """() => {
  const W = innerWidth, H = innerHeight, r1 = v => Math.round(v * 10) / 10 * devicePixelRatio;
  const box = r => [r1(r.left), r1(r.top), r1(r.right), r1(r.bottom)];
  const seen = (el, r) => { if (r.width < 2 || r.height < 2 || r.left < 0 || r.top < 0 || r.right > W || r.bottom > H) return false;
    const top = document.elementFromPoint((r.left + r.right) / 2, (r.top + r.bottom) / 2); return top && (el.contains(top) || top.contains(el)); };
  const words = [], planted = [], untold = []; let node = 0;
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) { const t = walk.currentNode, el = t.parentElement; if (!el || el.tagName === 'STYLE') continue; node++;
    for (const m of t.data.matchAll(/\\S+/g)) { const g = document.createRange(); g.setStart(t, m.index); g.setEnd(t, m.index + m[0].length);
      const r = g.getBoundingClientRect(); const s = getComputedStyle(el);
      if (r.width && seen(el, r)) words.push({text: s.textTransform === 'uppercase' ? m[0].toUpperCase() : m[0], box: box(r), px: parseFloat(s.fontSize), node});
      else if (r.width && r.bottom > 0 && r.top < H) untold.push(box(r)); } }
  for (const el of document.querySelectorAll('input')) { const r = el.getBoundingClientRect(); if (!seen(el, r)) continue; node++;
    const s = getComputedStyle(el), p = parseFloat(s.paddingLeft) + parseFloat(s.borderLeftWidth), text = el.value || el.placeholder;
    const c = document.createElement('canvas').getContext('2d'); c.font = s.font; let x = r.left + p; const rtl = s.direction === 'rtl';
    if (rtl) x = r.right - p - c.measureText(text).width;
    const h = parseFloat(s.fontSize) * 1.15, y = (r.top + r.bottom) / 2 - h / 2, line = {left: x, top: y, right: x + c.measureText(text).width, bottom: y + h};
    for (const m of text.matchAll(/\\S+/g)) { const a = x + c.measureText(text.slice(0, m.index)).width;
      words.push({text: m[0], box: box({left: a, top: y, right: a + c.measureText(m[0]).width, bottom: y + h}), px: parseFloat(s.fontSize), node}); }
    if (el.dataset.kind) planted.push({kind: el.dataset.kind, text, box: box(line), field: true, cut: line.right > r.right - p}); }
  for (const el of document.querySelectorAll('span[data-kind]')) for (const r of el.getClientRects())
    if (r.width > 6 && r.bottom > 0 && r.top < H) planted.push({kind: el.dataset.kind, text: el.textContent, box: box(r), field: false, cut: !seen(el, r)});
  const controls = []; for (const el of document.querySelectorAll('a,button,input,select')) { const r = el.getBoundingClientRect(); if (!seen(el, r)) continue;
    let name = (el.tagName === 'INPUT' ? el.value || el.placeholder : el.innerText).replace(/\\s+/g, ' ').trim();
    controls.push({tag: el.tagName.toLowerCase(), type: el.type || '', name, box: box(r), textual: !!name}); }
  return {all_text: document.body.innerText + ' ' + [...document.querySelectorAll('input')].map(i => i.value || i.placeholder).join(' '), words, controls, planted, untold, width: W * devicePixelRatio, height: H * devicePixelRatio};
}"""


def main() -> None:
    """Draws `--count` pages into a folder, each with its truth."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--private", action="store_true", help="plant personal data and secrets")
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=list(chromium.FLAGS))
        for n in range(args.count):
            rng = random.Random(f"{args.seed}/{n}")
            k = look(rng)
            scale = 2 if k["phone"] or rng.random() < 0.1 else 1
            size = (
                {"width": 390, "height": 844}
                if k["phone"]
                else rng.choice(({"width": 1280, "height": 800}, {"width": 1440, "height": 900}))
            )
            page = browser.new_page(viewport=size, device_scale_factor=scale)
            page.set_content(Page(rng, k, args.private).html())
            path = args.folder / f"page-{args.seed}-{n:02}.png"
            page.screenshot(path=path)
            path.with_suffix(".json").write_text(
                json.dumps({**page.evaluate(TRUTH), "page": path.stem, "scale": scale})
            )
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
