"""One page of HTML about a run: the figures beside the last run's, and the failures with their pictures.

It stands alone: styles and pictures are in it, it runs no script and calls for nothing from elsewhere.
"""

import base64
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files
from typing import NamedTuple

from bot.evaluation.cases import KINDS
from bot.evaluation.comparison import Comparison, Figure
from bot.evaluation.retrieval import Bin, reliability
from bot.evaluation.verdicts import FEWER, Ranked, Verdict

WORDS = {
    "retrieval": "the article is found",
    "answers": "the answer is right",
    "redaction": "what is private is covered",
    "pointing": "the right place is ringed",
}
BOLD = re.compile(r"\*\*(.+?)\*\*")


class Trust(NamedTuple):
    """The precision that the owner wants of what is answered outright, and the least confidence that reaches it."""

    precision: float
    least: float


def page(
    title: str,
    about: str,
    comparison: Comparison,
    judged: Sequence[Verdict],
    drawings: dict[str, bytes],
    trust: Trust | None = None,
) -> str:
    """The report. `about` says in one line what was measured; `drawings` are WebP pictures by the key of the case."""
    body = "".join(
        [
            f"<h1>{escape(title)}</h1><p class='soft'>{escape(about)}</p>",
            _state(comparison, judged),
            _kinds(judged),
            _table(comparison),
            _reliability(judged, trust),
            *(_failures(kind, comparison, judged, drawings) for kind in KINDS),
            _mended(comparison, judged),
        ]
    )
    style = files(__package__).joinpath("report.css").read_text("utf-8")
    head = (
        "<meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
        f"<title>{escape(title)}</title><style>{style}</style>"
    )
    return f"<!doctype html><html lang='en'><head>{head}</head><body><main>{body}</main></body></html>"


def shown(figure: Figure, value: float | None) -> str:
    """A figure's value as people read it."""
    if value is None:
        return "–"
    if figure.name.startswith("seconds"):
        return f"{value:.2f} s"
    return f"{value:.3f}" if figure.name.startswith("MRR") else f"{100 * value:.1f} %"


def change(figure: Figure) -> str:
    """What a figure did since the last run, in words: its own difference, and what that means."""
    if figure.then is None or figure.now is None:
        return "–"
    difference = figure.now - figure.then
    if figure.name.startswith("seconds"):
        return f"{difference:+.2f} s"
    if abs(difference) < 1e-9:
        return "same"
    shown = f"{difference:+.3f}" if figure.name.startswith("MRR") else f"{100 * difference:+.1f}"
    meaning = "" if figure.change is None else " worse" if figure.worse else " better" if figure.change > 0 else ""
    return shown.replace("-", "−") + meaning


def _state(comparison: Comparison, judged: Sequence[Verdict]) -> str:
    failed = sum(not v.passed for v in judged)
    count = f"{len(judged) - failed} of {len(judged)} cases are as they should be."
    if comparison.since is None:
        return f"<p class='state'>{count} There is no earlier run to compare with.</p>"
    if not comparison.common:
        return (
            f"<p class='state'>{count} The last run, of {escape(comparison.since)}, has no case in common with this: "
            "nothing is compared.</p>"
        )
    since = f"Compared with the run of {escape(comparison.since)} over {comparison.common} cases that both have."
    if comparison.worse:
        names = ", ".join(f"{f.kind}: {f.name}" for f in comparison.worse)
        return f"<p class='state bad'>Worse than the last run: {escape(names)}.</p><p>{count} {since}</p>"
    return f"<p class='state good'>Nothing is worse than in the last run.</p><p>{count} {since}</p>"


def _kinds(judged: Sequence[Verdict]) -> str:
    """Of each kind how many are right, and the way to those that are not."""
    tiles = []
    for kind in KINDS:
        own = [v for v in judged if v.kind == kind]
        if own:
            right = sum(v.passed for v in own)
            where = f" href='#{kind}'" if right < len(own) else ""
            tiles.append(f"<a{where}><b>{right} of {len(own)}</b>{kind}<br><span>{WORDS[kind]}</span></a>")
    return f"<nav class='kinds'>{''.join(tiles)}</nav>"


def _table(comparison: Comparison) -> str:
    earlier = comparison.since is not None
    rows = []
    for kind in KINDS:
        figures = [f for f in comparison.figures if f.kind == kind]
        if figures:
            rows.append(f"<tr class='kind'><th colspan='{5 if earlier else 3}'>{kind}: {WORDS[kind]}</th></tr>")
            rows += [_row(f, earlier) for f in figures]
    names = ["now", "of", *(["last run", "change"] if earlier else [])]
    head = "<th>figure</th>" + "".join(f"<th class='n'>{name}</th>" for name in names)
    return f"<div class='scroll'><table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"


def _row(f: Figure, earlier: bool) -> str:
    name = escape(f.name) + (" <span class='soft'>(fewer is better)</span>" if f.name in FEWER else "")
    mood = "bad" if f.worse else "good" if (f.change or 0) > 0 else "soft"
    cells = [shown(f, f.value), f"{f.count:g}", *([shown(f, f.then)] if earlier else [])]
    numbers = "".join(f"<td class='n'>{cell}</td>" for cell in cells)
    moved = f"<td class='n {mood}'>{change(f)}</td>" if earlier else ""
    return f"<tr><th>{name}</th>{numbers}{moved}</tr>"


def _reliability(judged: Sequence[Verdict], trust: Trust | None) -> str:
    """How far the confidence holds on these cases."""
    bins = reliability(judged)
    if not bins:
        return ""
    told = "The line is what was said, the bar is how often the first article was right."
    if trust:
        told += (
            f" An article is given outright from a confidence of {trust.least:.2f} on: that is where, on products held "
            f"out, {100 * trust.precision:g} % of what was answered was right (HELPLENS_PRECISION)."
        )
    rows = "".join(map(_bin, bins))
    head = "<th>confidence</th><th class='n'>cases</th><th class='n'>said</th><th class='n'>right</th><th></th>"
    return (
        f"<section><h2>How far the confidence holds</h2><p class='soft'>{told}</p>"
        f"<div class='scroll'><table class='close'><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div></section>"
    )


def _bin(b: Bin) -> str:
    said, right = f"{100 * b.confidence:.0f}", f"{100 * b.right:.0f}"
    bar = f"<span class='bar'><i{_short(b)} style='width:{right}%'></i><u style='left:{said}%'></u></span>"
    numbers = "".join(f"<td class='n'>{cell}</td>" for cell in (b.cases, f"{said} %", f"{right} %"))
    return f"<tr><th>{b.low:.1f} to {b.high:.1f}</th>{numbers}<td>{bar}</td></tr>"


def _short(b: Bin) -> str:
    """Marks a bin that is right less often than it said by more than chance explains."""
    spread = 2 * (b.confidence * (1 - b.confidence) / b.cases) ** 0.5
    return " class='short'" if b.right < b.confidence - max(spread, 0.05) else ""


def _failures(kind: str, comparison: Comparison, judged: Sequence[Verdict], drawings: dict[str, bytes]) -> str:
    failed = [v for v in judged if v.kind == kind and not v.passed]
    if not failed:
        return ""
    failed.sort(key=lambda v: v.key not in comparison.broken)
    note = {
        "retrieval": "Lit on the pictures: <span class='key decided'></span> the lines that spoke for the article "
        "ranked first, <span class='key right'></span> those that spoke for a right one.",
        "redaction": "Outlined in <span class='leak'>red</span>: private and readable. Keep this page to yourself.",
        "pointing": "Outlined in <span class='wanted'>green</span>: what was meant. Ringed: what the customer gets.",
    }.get(kind, "")
    undrawn = sum(1 for v in failed if v.image and v.key not in drawings)
    if undrawn:
        note += f" {undrawn} more failures are listed without their pictures."
    cards = "".join(_card(v, v.key in comparison.broken, drawings.get(v.key)) for v in failed)
    head = f"<h2>{kind}: {len(failed)} failed</h2>{_common(failed)}<p class='soft'>{note}</p>"
    return f"<section id='{kind}'>{head}{cards}</section>"


def _common(failed: Sequence[Verdict]) -> str:
    """What the failures have in common, the most frequent first."""
    counted = Counter(trait for verdict in failed for trait in verdict.traits)
    rows = "".join(f"<li>{times} of {len(failed)}: {escape(trait)}</li>" for trait, times in counted.most_common())
    return f"<p>What they have in common:</p><ul class='common'>{rows}</ul>" if rows else ""


def _mended(comparison: Comparison, judged: Sequence[Verdict]) -> str:
    """The cases that failed last time and pass now."""
    mended = [v for v in judged if v.key in comparison.mended]
    rows = "".join(
        f"<li>{v.kind}: {escape(v.title)} <span class='soft'>{escape(v.image or '')}</span></li>" for v in mended
    )
    return (
        f"<section><h2>{len(mended)} failed last time and are right now</h2><ul>{rows}</ul></section>" if rows else ""
    )


def _card(verdict: Verdict, broken: bool, picture: bytes | None) -> str:
    return "<article>" + "".join(_parts(verdict, broken, picture)) + "</article>"


def _parts(verdict: Verdict, broken: bool, picture: bytes | None) -> Iterator[str]:
    tag = "<span class='tag'>passed last time</span>" if broken else ""
    yield f"<h3>{escape(verdict.title)}{tag}</h3>"
    if verdict.image and verdict.image != verdict.title:
        yield f"<p class='soft'>{escape(verdict.image)}</p>"
    yield from (f"<p class='bad'>{escape(fault)}</p>" for fault in verdict.why.splitlines())
    if verdict.ranked:
        yield f"<ol class='ranked'>{''.join(_ranked(one) for one in verdict.ranked)}</ol>"
    if verdict.confidence is not None:
        yield f"<p class='soft'>Confidence {verdict.confidence:.2f}.</p>"
    if verdict.said:
        said = BOLD.sub(r"<b>\1</b>", escape(verdict.said))
        yield f"<pre>{said}</pre>"
    if picture:
        source = "data:image/webp;base64," + base64.b64encode(picture).decode()
        yield f"<img src='{source}' alt='{escape(verdict.image or '', quote=True)} with its marks'>"


def _ranked(one: Ranked) -> str:
    because = ", ".join(f"“{line}”" for line in one.because)
    told = f"<small>{escape(because)}</small>" if because else ""
    return f"<li value={one.place}{' class=right' if one.right else ''}>{escape(one.article)}{told}</li>"
