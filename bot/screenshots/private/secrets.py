"""Secrets: keys known by their prefix, tokens, private keys, connection strings, and values beside such labels.

A prefix alone is a word ("sk_live_ is the prefix of ..."): enough random characters have to follow it. Hashes, UUIDs
and request ids are no secrets and stay.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator

from bot.screenshots.private.ordinary import ordinary
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
    r"|AC[a-f0-9]{32}|SK[a-f0-9]{32}|\d{8,10}:AA[A-Za-z0-9_\-]{30,}"
    r"|ATATT3[A-Za-z0-9_\-=]{20,}|pat-[a-z]{2}\d-[a-f0-9\-]{20,}|v1\.0-[a-f0-9]{20,}-[a-f0-9]{20,}|"
    r"AGE-SECRET-KEY-1[A-Z0-9]{30,}"
    r"|1//0[A-Za-z0-9_\-]{30,}|EAA[A-Za-z0-9]{25,}|dapi[a-f0-9]{32}|NRAK-[A-Z0-9]{20,}|PMAK-[a-f0-9\-]{30,}"
    r"|xkeysib-[a-f0-9\-A-Za-z]{30,}|rzp_live_[A-Za-z0-9]{14,}|re_[A-Za-z0-9]{8,}_[A-Za-z0-9]{16,}|"
    r"EAAA[A-Za-z0-9_\-]{50,})"
)
_JWT = re.compile(r"ey[JI1l][A-Za-z0-9_\-]{8,}(?: ?\. ?[A-Za-z0-9_\-]{4,}){0,2}")
_PEM = re.compile(
    r"-{2,5} ?BEGIN [A-Z ]{0,24}PRIVATE KEY(?: BLOCK)? ?-{2,5}"
    r"(?:.*?-{2,5} ?END [A-Z ]{0,24}PRIVATE KEY(?: BLOCK)? ?-{2,5}|.*)",
    re.S,
)
_CONNECTION = re.compile(r"\b[a-z][a-z0-9+.\-]{1,20}:/ ?/[^\s:/@]{0,64}:[^\s/]{1,128}@[^\s'\"<>]*", re.I)
_HOOK = re.compile(
    r"(?:hooks\.slack\.com/(?:services|workflows)|discord(?:app)?\.com/api/webhooks|webhook\.office\.com/webhookb2|"
    r"hooks\.zapier\.com/hooks/catch|hook\.\w+\.make\.com)/(?P<value>[\w\-/@.]{12,})",
    re.I,
)
"""Addresses that whoever has them may post to."""
_UNKNOWN_PREFIX = re.compile(
    r"(?<![A-Za-z0-9/])(?P<prefix>[a-z][a-z0-9]{1,11}(?:[_-][a-z]{2,7}){0,2})[_-](?P<tail>[A-Za-z0-9]{20,})(?![A-Za-z0-9])"
)
_REFERENCES = frozenset(
    "pi ch cus sub price prod evt in txn tr seti acct pm card src po il si cn re dp req msg usr org obj run".split()  # noqa: SIM905
)
"""Prefixes of a thing's number, which opens no door."""
_LOST_AT = re.compile(
    r"\b(?:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|rediss?|amqps?|mssql|sqlserver|smtps?|s?ftps?|ldaps?|"
    r"clickhouse)"
    r":/ ?/[^\s:/@]{0,64}:(?!\d{2,5}(?:/|\s|$))[^\s/]{6,128}[^\s'\"<>]*",
    re.I,
)
"""The same where the @ was read as something else."""
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
CODE_LABEL = re.compile(r".*(?:\bcodes?|\bpin|\botp|\btan|password|passcode|passwort|code)", re.I)
"""Of the labels those that name what may be digits alone."""
_LABELLED = re.compile(
    rf"(?P<label>{_LABEL_WORDS})\s?[:=]\*?\s{{0,2}}[\"']?(?P<value>[^\s\"',;*][^\s\"',;·•|]{{2,}})", re.I
)
_CODE = re.compile(
    r"(?<![^\W_])(?:(?:one[ \-]?time|verification|security|login|log-?in|sign[ \-]?in|access|authentication|2fa|mfa|"
    r"sms|"
    r"confirmation)[ \-](?:pass)?(?:code|pin)|otp|cvv2?|cvc2?|tan|bestätigungscode|sicherheitscode|"
    r"code de (?:vérification|"
    r"sécurité)|código de (?:verificación|seguridad))(?:\s(?:is|lautet|ist|es|est))?\s?:?\s{1,2}"
    r"(?P<value>(?:[A-Z]{1,3}-)?\d{3,4}[ \-]?\d{0,5})(?![\w\-])",
    re.I,
)
"""Codes of digits that stand in a sentence; `error code` and `promo code` are none of them."""
_GIVEN = re.compile(
    r"(?<![^\W_])(?:(?:temporary |initial |new |default |current )?(?:password|passwort|passphrase|kennwort|"
    r"mot de passe|contrase[ñn]a)"
    r"(?:\s(?:is|lautet|ist|es|est)\s?:?)?|client secret|secret key|access token|api key)\s{1,2}"
    r"(?P<value>(?=\S*[A-Za-z])(?=\S*\d)[^\s,;\"']{6,})",
    re.I,
)
"""The same without a colon: what mixes letters and digits is no word."""
_RANDOM = re.compile(r"(?<![A-Za-z0-9+/_\-.])[A-Za-z0-9+/_\-]{32,}={0,2}(?![A-Za-z0-9+/_\-])")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
_NO_VALUE = re.compile(
    r"(?:required|optional|invalid|expired|incorrect|wrong|missing|must|should|cannot|can|is|was|has|and|or|the|your|"
    r"enter|change|reset|forgot(?:ten)?|not|none|null|true|false|enabled|disabled|\*+|[•●.·∙…xX]+|<[^>]*>)[.!?]?",
    re.I,
)
CARD_CODE_WORDS = (
    r"cv[vc]2?(?: code)?|(?:card )?(?:security|verification) (?:code|value)(?: \(cv[vc]2?\))?|kartenprüfnummer"
)
_CARD_CODE = re.compile(CARD_CODE_WORDS, re.I)


def entropy(text: str) -> float:
    """Bits per character of `text`, by its own frequencies."""
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values()) if text else 0.0


def secrets(text: str) -> Iterator[Span]:
    """Everything that opens a door."""
    yield from _prefixed(text)
    for m in _JWT.finditer(text):
        if len(m[0]) >= 30 and entropy(m[0]) >= 3.5:
            yield Span(m.start(), m.end(), "secret")
    for m in _PEM.finditer(text):
        yield Span(m.start(), m.end(), "secret")
    for pattern in (_CONNECTION, _LOST_AT):
        for m in pattern.finditer(text):
            yield Span(m.start(), m.end(), "secret")
    for pattern in (_QUERY, _AUTHORISATION, _HOOK, _CODE, _GIVEN):
        for m in pattern.finditer(text):
            if any(c.isdigit() for c in m["value"]) and not _UUID.fullmatch(m["value"]):
                yield Span(*m.span("value"), "secret")
    yield from _labelled(text)


def _prefixed(text: str) -> Iterator[Span]:
    for m in _PREFIXED.finditer(text):
        if _random_enough(m[0]):
            yield Span(m.start(), m.end(), "secret")
    for m in _UNKNOWN_PREFIX.finditer(text):
        if m["prefix"] not in _REFERENCES and _mixed(m["tail"]) and entropy(m["tail"]) >= 3.5:
            yield Span(m.start(), m.end(), "secret")


def random_text(text: str) -> Iterator[Span]:
    """Long random text without a prefix or a label."""
    for m in _RANDOM.finditer(text):
        if _looks_random(m[0]):
            yield Span(m.start(), m.end(), "secret")


def _labelled(text: str) -> Iterator[Span]:
    for m in _LABELLED.finditer(text):
        value = m["value"].rstrip(".,)")
        if _NO_VALUE.fullmatch(m["value"]) or not value or ordinary(value):
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
    words = re.findall(r"[A-Z]?[a-z]{3,}(?![A-Za-z0-9])|(?<![A-Za-z0-9])[A-Z]{3,}(?![A-Za-z0-9])", value)
    if sum(map(len, words)) > 0.5 * len(value):  # Import-Export-Configuration
        return False
    return _mixed(value) and sum(c.isdigit() for c in value) >= 3 and entropy(value) >= 4.0


def _mixed(value: str) -> bool:
    """Whether capitals, small letters and digits stand in it, the digits not only at its end as a year does."""
    return (
        any(c.islower() for c in value)
        and any(c.isupper() for c in value)
        and sum(c.isdigit() for c in value.rstrip("0123456789")) >= 1
    )
