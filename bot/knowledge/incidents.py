"""Pure: when two errors are the same problem, whether a problem is known, and what is said of it.

An error's `phrase` is what stays the same when another customer meets it: without private data, numbers and ids, but
with the codes that name it. Many customers with one phrase, or an announcement of the team, make a `KnownProblem`.
Not here: who counts and remembers (`bot.state.sightings`), when a turn asks (`bot.incidents`).
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, tzinfo

import prompts
from bot.conversation import Noun
from bot.screenshots import redaction
from prompts import say

PHRASE_CHARS = 300
QUOTED_CHARS = 120
FEWEST_LETTERS = 8
"""A phrase of fewer letters and without a code says too little: "Error", "Oops". An ideograph counts as two."""

_ADDRESS = re.compile(r"\b(?:https?|wss?|ftp)://\S+|\bwww\.\S+")
_KIND = re.compile(r"\[[a-z]+\]")
_CODE = re.compile(
    r"\b(?:http|status|code|error|err|exception|errno|fehler|erreur)[\s:#(]{1,3}(?P<number>[a-z]{0,4}[-_]?\d{2,5})\b"
    r"|\b(?P<symbol>(?:err|error|e|http)[-_]?\d{2,5}|[a-z]{2,}(?:_[a-z]{2,})+)\b"
)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_EDGE = re.compile(r"^\W+|\W+$")


class KnownProblem(Noun):
    """A problem that several customers have. Its `id` is the fingerprint of its phrase; `since` and `until` are Unix
    ms; `text` is what the team says of it, empty when it was only counted; `by` is who announced it; `seen` counts
    customers."""

    id: str
    phrase: str
    since: int
    until: int
    text: str = ""
    by: str = ""
    seen: int = 0


def words(text: str, own_patterns: Sequence[str] = ()) -> str:
    """What stays of a text when private data, numbers and ids are taken out: its words in lower case and the codes
    that name an error, one space between them.

    Raises re.error when one of the owner's patterns does not parse.
    """
    plain = redaction.text(unicodedata.normalize("NFKC", text), own_patterns)
    plain = _KIND.sub(" ", _ADDRESS.sub(" ", plain.casefold()))
    codes = _codes(plain)
    found: list[str] = []
    for token in plain.split():
        bare = _EDGE.sub("", token)
        if re.search(r"[\d_@/\\]", bare):
            found += [part for part in re.split(r"[\s:#=]+", bare) if part in codes]
        else:
            found += _WORD.findall(bare)
    return " ".join(found)


def phrase(error: str, own_patterns: Sequence[str] = ()) -> str:
    """What any two customers with the same problem read alike; empty when that is too little to tell problems apart."""
    said = words(error, own_patterns)[:PHRASE_CHARS].rstrip()
    letters = sum(2 if char > "\u2e80" else 1 for char in said if char.isalpha())
    return said if letters >= FEWEST_LETTERS or re.search(r"[\d_]", said) else ""


def fingerprint(phrase_: str) -> str:
    """The id of the problem that a phrase names: 24 hexadecimal digits. Spaces do not count: readers lose some."""
    return hashlib.sha256(phrase_.replace(" ", "").encode()).hexdigest()[:24]


def matching(problems: Iterable[KnownProblem], texts: Iterable[str]) -> KnownProblem | None:
    """The problem whose phrase is one of these texts (of `words`) or stands in one; the team's own and the longest
    first."""
    given = [text for text in texts if text]
    ids = {fingerprint(text) for text in given}
    hits = [p for p in problems if p.id in ids or any(_stands(p.phrase, text) for text in given)]
    return max(hits, key=lambda p: (bool(p.text), len(p.phrase)), default=None)


def _stands(phrase_: str, text: str) -> bool:
    """Whether a phrase stands whole in a text. One with a code may have other words between its own: who announces a
    problem writes down its headline and its code, and customers' screens say more."""
    if not re.search(r"[\d_]", phrase_):
        return f" {phrase_} " in f" {text} "
    rest = iter(text.split())
    return all(word in rest for word in phrase_.split())


def _codes(plain: str) -> set[str]:
    """Codes that name an error: a number behind a word for it, or words joined by underscores."""
    return {match["number"] or match["symbol"] for match in _CODE.finditer(plain)}


def told(problem: KnownProblem, error: str, now: int, zone: tzinfo = UTC, language: str = "en") -> str:
    """What a customer is told. `error` is as this customer's own screen has it, its headline is enough: nothing of
    another's is shown."""
    since = moment(problem.since, now, zone, language)
    if problem.text:
        return say("incidents.announced", language, since=since, text=problem.text)
    headline, *_ = error.strip().split("\n")
    quoted = " ".join((headline if phrase(headline) else error).split())
    if not quoted:
        return say("incidents.counted", language, since=since)
    quoted = quoted if len(quoted) <= QUOTED_CHARS else quoted[: QUOTED_CHARS - 1].rstrip() + "…"
    return say("incidents.counted_error", language, since=since, error=quoted)


def moment(at: int, now: int, zone: tzinfo = UTC, language: str = "en") -> str:
    """A time of day with its zone, and the day in front when it is not today's."""
    then, today = (datetime.fromtimestamp(ms / 1000, zone) for ms in (at, now))
    return prompts.moment(then, language, today=then.date() == today.date())
