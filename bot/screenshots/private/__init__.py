"""Private text: which characters of a text are private and of which kind. Pure text; where they stand in a picture is
`bot.screenshots.redaction`'s.

`text` (a span, OCR's digits) · `checksums` · `numbers` (card, IBAN, phone, IP) · `national` · `secrets` · `emails` ·
`people` (names) · `headings` (labels) · `postal` (addresses) · `ordinary` (words that are neither).
"""

import re
from collections.abc import Iterable, Sequence

from bot.screenshots.private import emails, headings, national, numbers, people, postal, secrets
from bot.screenshots.private.text import Rule, Span

RULES: tuple[Rule, ...] = (
    secrets.secrets,
    secrets.random_text,
    emails.emails,
    numbers.ibans,
    numbers.cards,
    national.national_numbers,
    numbers.phones,
    numbers.addresses,
    people.names,
    headings.labelled,
    postal.postal,
)
"""In this order: of spans that overlap, the first rule names the kind."""
SURE: tuple[Rule, ...] = (
    secrets.secrets,
    emails.emails,
    numbers.ibans,
    numbers.cards,
    numbers.phones,
    people.stated,
)
"""Rules strict enough for two pieces of text that only may belong together."""


def spans(text: str, own_patterns: Sequence[re.Pattern[str]] = (), rules: Iterable[Rule] = RULES) -> tuple[Span, ...]:
    """The private characters of `text`, in order, overlapping spans made one; an owner's own patterns are `other`."""
    ranked = [(span, rank) for rank, rule in enumerate(rules) for span in rule(text)]
    ranked += [(Span(m.start(), m.end(), "other"), -1) for p in own_patterns for m in p.finditer(text) if m[0]]
    merged: list[tuple[Span, int]] = []
    for span, rank in sorted(ranked, key=lambda r: r[0].start):
        if merged and span.start < merged[-1][0].end:
            last, last_rank = merged[-1]
            kind = last.kind if last_rank <= rank else span.kind
            merged[-1] = Span(last.start, max(last.end, span.end), kind), min(rank, last_rank)
        else:
            merged.append((span, rank))
    return tuple(span for span, _ in merged)
