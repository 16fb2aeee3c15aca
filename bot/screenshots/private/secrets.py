"""Secrets: keys known by their prefix, tokens, private keys, connection strings, and values beside such labels.

A prefix alone is a word ("sk_live_ is the prefix of ..."): enough random characters have to follow it. Hashes, UUIDs
and request ids are no secrets and stay.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator

from bot.screenshots.private.text import Span

_PREFIXED = re.compile(
    r"(?:A[KS][Il1]A[A-Z0-9]{12,20}"
    r"|(?:sk|rk|pk)[_ ]{1,2}(?:[Il1]ive|test|prod)[_ ]{1,2}[A-Za-z0-9]{10,}"
    r"|sk-(?:proj-|ant-|or-|svcacct-)?[A-Za-z0-9_\-]{16,}"
    r"|whsec[_ ][A-Za-z0-9+/=]{16,}"
    r"|g[hn][opsur][_ ]{1,2}[A-Za-z0-9]{16,}"
    r"|github[_ ]pat[_ ][A-Za-z0-9_]{20,}"
    r"|gl(?:pat|dt|rt|cbt|ptt|ft|soat)-[A-Za-z0-9_\-]{16,}"
    r"|xo[xX][abceoprs](?:-\d)?[- ]{1,2}[A-Za-z0-9\-]{10,}(?: ?- ?[A-Za-z0-9]{10,})*|xapp-\d-[A-Za-z0-9\-]{16,}"
    r"|A[Il1]za[A-Za-z0-9_\-]{30,}|ya29\.[A-Za-z0-9_\-]{20,}|GOCSPX-[A-Za-z0-9_\-]{20,}"
    r"|SG\.[A-Za-z0-9_\-]{16,}\.[A-Za-z0-9_\-]{16,}|key-[a-f0-9]{32}|[a-f0-9]{32}-us\d{1,2}"
    r"|(?:npm|hf|dp\.pt|dop_v1|doo_v1|shpat|shpca|shppa|shpss|lin_api|ntn|secret|figd|sbp|nvapi|tskey|pypi|"
    r"glsa|phc|phx|r8|gsk|pul|rubygems|dckr_pat|atlasv1|hvs|sq0atp|sq0csp|EAAC)[_\-.][A-Za-z0-9_\-]{20,}"
    r"|AC[a-f0-9]{32}|SK[a-f0-9]{32}|\d{8,10}:AA[A-Za-z0-9_\-]{30,})"
)
_JWT = re.compile(r"ey[JI1l][A-Za-z0-9_\-]{8,}(?: ?\. ?[A-Za-z0-9_\-]{4,}){0,2}")
_PEM = re.compile(
    r"-{2,5} ?BEGIN [A-Z ]{0,24}PRIVATE KEY(?: BLOCK)? ?-{2,5}"
    r"(?:.*?-{2,5} ?END [A-Z ]{0,24}PRIVATE KEY(?: BLOCK)? ?-{2,5}|.*)",
    re.S,
)
_CONNECTION = re.compile(r"\b[a-z][a-z0-9+.\-]{1,20}:/ ?/[^\s:/@]{0,64}:[^\s/]{1,128}@[^\s'\"<>]*", re.I)
_QUERY = re.compile(
    r"[?&;](?:access_token|token|api_?key|key|secret|sig|signature|password|pwd|auth)=(?P<value>[^\s&#;]{6,})", re.I
)
_AUTHORISATION = re.compile(r"\b(?:bearer|basic|token)[ :]{1,2}(?P<value>[A-Za-z0-9_\-.~+/]{16,}=*)", re.I)
_LABEL_WORDS = (
    r"password|passwort|passphrase|passwd|pwd|passcode|mot de passe|contrase[ñn]a|wachtwoord|"
    r"(?:api|secret|access|private|client|auth|account|storage|encryption|signing|licen[cs]e|recovery|webhook|"
    r"publishable)"
    r"[ _\-]?(?:access[ _\-]?)?(?:key|token|secret|code)s?(?: id)?|secret|token|api[ _\-]?schlüssel|"
    r"one[ \-]?time (?:code|password)|otp|pin(?: code)?|2fa code|verification code|security code|cvv2?|cvc2?"
)
LABEL = re.compile(_LABEL_WORDS, re.I)
_LABELLED = re.compile(rf"(?P<label>{_LABEL_WORDS})\s?[:=]\s?[\"']?(?P<value>[^\s\"',;]{{3,}})", re.I)
_RANDOM = re.compile(r"(?<![A-Za-z0-9+/_\-.])[A-Za-z0-9+/_\-]{32,}={0,2}(?![A-Za-z0-9+/_\-])")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
_NO_VALUE = re.compile(
    r"(?:required|optional|invalid|expired|incorrect|wrong|missing|must|should|cannot|can|is|was|has|and|or|the|your|"
    r"enter|change|reset|forgot(?:ten)?|not|none|null|true|false|enabled|disabled|\*+|[•●.·∙…xX]+|<[^>]*>)[.!?]?",
    re.I,
)
_CARD_CODE = re.compile(r"cv[vc]2?|security code", re.I)


def entropy(text: str) -> float:
    """Bits per character of `text`, by its own frequencies."""
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values()) if text else 0.0


def secrets(text: str) -> Iterator[Span]:
    """Everything that opens a door."""
    for m in _PREFIXED.finditer(text):
        if _random_enough(m[0]):
            yield Span(m.start(), m.end(), "secret")
    for m in _JWT.finditer(text):
        if len(m[0]) >= 30 and entropy(m[0]) >= 3.5:
            yield Span(m.start(), m.end(), "secret")
    for m in _PEM.finditer(text):
        yield Span(m.start(), m.end(), "secret")
    for m in _CONNECTION.finditer(text):
        yield Span(m.start(), m.end(), "secret")
    for pattern in (_QUERY, _AUTHORISATION):
        for m in pattern.finditer(text):
            if any(c.isdigit() for c in m["value"]):
                yield Span(*m.span("value"), "secret")
    yield from _labelled(text)


def random_text(text: str) -> Iterator[Span]:
    """Long random text without a prefix or a label."""
    for m in _RANDOM.finditer(text):
        if _looks_random(m[0]):
            yield Span(m.start(), m.end(), "secret")


def _labelled(text: str) -> Iterator[Span]:
    for m in _LABELLED.finditer(text):
        value = m["value"].rstrip(".,)")
        if _NO_VALUE.fullmatch(m["value"]) or not value:
            continue
        start = m.start("value")
        yield Span(start, start + len(value), "card" if _CARD_CODE.fullmatch(m["label"]) else "secret")


def _random_enough(value: str) -> bool:
    """A prefix followed by what no one would write as words."""
    tail = value[4:]
    return entropy(tail) >= 2.8 and (any(c.isdigit() for c in tail) or (tail != tail.lower() and tail != tail.upper()))


def _looks_random(value: str) -> bool:
    """Long, with both cases and digits all over: neither a hash in hexadecimal, nor a path, nor a UUID."""
    if _UUID.search(value) or value.count("/") > 2 or value.count("-") + value.count("_") > 4:
        return False
    kinds = (any(c.islower() for c in value), any(c.isupper() for c in value), sum(c.isdigit() for c in value) >= 3)
    return all(kinds) and entropy(value) >= 4.0
