"""One page of HTML about a run: the figures beside the last run's, and the failures with their pictures.

It stands alone: styles and pictures are in it, it runs no script and calls for nothing from elsewhere.
"""

import base64
import re
from collections.abc import Iterator, Sequence
from html import escape

from bot.evaluation.cases import KINDS
from bot.evaluation.comparison import Comparison, Figure
from bot.evaluation.verdicts import FEWER, Verdict

WORDS = {
    "retrieval": "the article is found",
    "answers": "the answer is right",
    "redaction": "what is private is covered",
    "pointing": "the right place is ringed",
}
BOLD = re.compile(r"\*\*(.+?)\*\*")
STYLE = """
:root { color-scheme: light dark; --ground: #f7f7f5; --card: #fff; --edge: #deddd9; --ink: #1c1b19; --soft: #62605b;
  --bad: #b42318; --bad-ground: #fdecea; --good: #166a3a; --good-ground: #e5f4ea }
@media (prefers-color-scheme: dark) { :root { --ground: #191816; --card: #23221f; --edge: #3d3b37; --ink: #eceae5;
  --soft: #a5a29b; --bad: #ff9c92; --bad-ground: #46201d; --good: #8fd8ab; --good-ground: #1a3a27 } }
* { box-sizing: border-box }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); max-width: 74rem;
  margin: 0 auto; padding: 2rem 1rem 4rem; overflow-wrap: anywhere }
h1 { font-size: 1.6rem; margin: 0 } h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem } h3 { font-size: 1rem; margin: 0 }
.soft { color: var(--soft) } p { margin: .35rem 0 }
.state { background: var(--card); border-radius: 10px; padding: .7rem 1rem; margin: 1rem 0; font-weight: 600 }
.bad { color: var(--bad) } .good { color: var(--good) }
.state.bad { background: var(--bad-ground) } .state.good { background: var(--good-ground) }
.scroll { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { padding: .4rem .8rem .4rem 0; border-bottom: 1px solid var(--edge); text-align: left; white-space: nowrap }
td.n, th.n { text-align: right } thead th { color: var(--soft); font-weight: 500 }
tbody th { font-weight: 500; white-space: normal; min-width: 12rem }
tr.kind th { padding-top: 1.2rem; font-weight: 700 }
article { background: var(--card); border: 1px solid var(--edge); border-radius: 12px; padding: 1rem 1.2rem;
  margin: .8rem 0 } article img { display: block; max-width: 100%; height: auto; border: 1px solid var(--edge);
  border-radius: 8px; margin-top: .7rem }
.tag { font-size: .8rem; font-weight: 600; border-radius: 6px; padding: .1rem .5rem; background: var(--bad-ground);
  color: var(--bad); margin-left: .5rem }
pre { white-space: pre-wrap; font: inherit; background: var(--ground); border-radius: 8px; padding: .6rem .8rem;
  margin: .6rem 0 0 } summary { cursor: pointer; color: var(--soft) }
.wanted { color: #16a34a; font-weight: 700 } .leak { color: #ef4444; font-weight: 700 }
"""


def page(title: str, about: str, comparison: Comparison, judged: Sequence[Verdict], drawings: dict[str, bytes]) -> str:
    """The report. `about` says in one line what was measured; `drawings` are WebP pictures by the key of the case."""
    body = "".join(
        [
            f"<h1>{escape(title)}</h1><p class='soft'>{escape(about)}</p>",
            _state(comparison, judged),
            _table(comparison),
            *(_failures(kind, comparison, judged, drawings) for kind in KINDS),
        ]
    )
    head = (
        "<meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
        f"<title>{escape(title)}</title><style>{STYLE}</style>"
    )
    return f"<!doctype html><html lang='en'><head>{head}</head><body><main>{body}</main></body></html>"


def shown(figure: Figure, value: float | None) -> str:
    """A figure's value as people read it."""
    if value is None:
        return "–"
    if figure.name.startswith("seconds"):
        return f"{value:.2f} s"
    return f"{value:.3f}" if figure.name == "MRR" else f"{100 * value:.1f} %"


def change(figure: Figure) -> str:
    """What a figure did since the last run, in words: its own difference, and what that means."""
    if figure.then is None or figure.now is None:
        return "–"
    difference = figure.now - figure.then
    if figure.name.startswith("seconds"):
        return f"{difference:+.2f} s"
    if abs(difference) < 1e-9:
        return "same"
    shown = f"{difference:+.3f}" if figure.name == "MRR" else f"{100 * difference:+.1f}"
    meaning = "" if figure.change is None else " worse" if figure.worse else " better" if figure.change > 0 else ""
    return shown.replace("-", "−") + meaning


def _state(comparison: Comparison, judged: Sequence[Verdict]) -> str:
    failed = sum(not v.passed for v in judged)
    count = f"{len(judged) - failed} of {len(judged)} cases are as they should be."
    if comparison.since is None:
        return f"<p class='state'>{count} There is no earlier run to compare with.</p>"
    since = f"Compared with the run of {escape(comparison.since)} over {comparison.common} cases that both have."
    if comparison.worse:
        names = ", ".join(f"{f.kind}: {f.name}" for f in comparison.worse)
        return f"<p class='state bad'>Worse than the last run: {escape(names)}.</p><p>{count} {since}</p>"
    return f"<p class='state good'>Nothing is worse than in the last run.</p><p>{count} {since}</p>"


def _table(comparison: Comparison) -> str:
    rows = []
    for kind in KINDS:
        figures = [f for f in comparison.figures if f.kind == kind]
        if figures:
            rows.append(f"<tr class='kind'><th colspan='5'>{kind}: {WORDS[kind]}</th></tr>")
            rows += [_row(f) for f in figures]
    head = (
        "<th>figure</th><th class='n'>now</th><th class='n'>of</th><th class='n'>last run</th><th class='n'>change</th>"
    )
    return f"<div class='scroll'><table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"


def _row(f: Figure) -> str:
    name = escape(f.name) + (" <span class='soft'>(fewer is better)</span>" if f.name in FEWER else "")
    mood = "bad" if f.worse else "good" if (f.change or 0) > 0 else "soft"
    cells = [shown(f, f.value), f"{f.count:g}", shown(f, f.then)]
    numbers = "".join(f"<td class='n'>{cell}</td>" for cell in cells)
    return f"<tr><th>{name}</th>{numbers}<td class='n {mood}'>{change(f)}</td></tr>"


def _failures(kind: str, comparison: Comparison, judged: Sequence[Verdict], drawings: dict[str, bytes]) -> str:
    failed = [v for v in judged if v.kind == kind and not v.passed]
    if not failed:
        return ""
    failed.sort(key=lambda v: v.key not in comparison.broken)
    note = {
        "redaction": "Outlined in <span class='leak'>red</span>: private and readable. Keep this page to yourself.",
        "pointing": "Outlined in <span class='wanted'>green</span>: what was meant. Ringed: what the customer gets.",
    }.get(kind, "")
    undrawn = sum(1 for v in failed if v.image and v.key not in drawings)
    if undrawn:
        note += f" {undrawn} more failures are listed without their pictures."
    cards = "".join(_card(v, v.key in comparison.broken, drawings.get(v.key)) for v in failed)
    return f"<section><h2>{kind}: {len(failed)} failed</h2><p class='soft'>{note}</p>{cards}</section>"


def _card(verdict: Verdict, broken: bool, picture: bytes | None) -> str:
    return "<article>" + "".join(_parts(verdict, broken, picture)) + "</article>"


def _parts(verdict: Verdict, broken: bool, picture: bytes | None) -> Iterator[str]:
    tag = "<span class='tag'>passed last time</span>" if broken else ""
    yield f"<h3>{escape(verdict.title)}{tag}</h3>"
    if verdict.image and verdict.image != verdict.title:
        yield f"<p class='soft'>{escape(verdict.image)}</p>"
    yield from (f"<p class='bad'>{escape(fault)}</p>" for fault in verdict.why.splitlines())
    if verdict.said:
        said = BOLD.sub(r"<b>\1</b>", escape(verdict.said))
        yield f"<pre>{said}</pre>"
    if picture:
        source = "data:image/webp;base64," + base64.b64encode(picture).decode()
        yield f"<img src='{source}' alt='{escape(verdict.image or '', quote=True)} with its marks'>"
