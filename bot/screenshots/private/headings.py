"""Labels: which lines name a private value ("First name *", "Straße:"), and what fits beside each kind of them.

Not here: where a value stands in a picture (`bot.screenshots.fields`), names and addresses without a label (`people`,
`postal`).
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from bot.screenshots.private import national, people, secrets
from bot.screenshots.private.ordinary import ordinary
from bot.screenshots.private.text import SensitiveKind, Span

_NAME_LABEL = (
    r"(?:full|first|last|given|family|middle|sur|contact|customer|client|patient|guest|employee|student|member|"
    r"cardholder|card ?holder(?:'s)?|account ?holder(?:'s)?|beneficiary|recipient|sender|billing|shipping|legal|"
    r"display|"
    r"preferred|maiden|user'?s?|your|owner|payee|payer|traveller|passenger|applicant) ?name(?: on card)?|"
    r"name on (?:the )?card|cliente|klient|klant|asiakas|kunden?|"
    r"card ?holder|account ?holder|cardmember|surname|forename|customer|patient|contact person|attention|attn|"
    r"bill(?:ed)? to|ship(?:ped)? to|sold to|assignee|reporter|account owner|employee|guest|passenger|recipient|payee|"
    r"vor- und nachname|vollständiger name|vorname|nachname|familienname|kunde|kundin|kundenname|"
    r"ansprechpartner(?:in)?|"
    r"kontoinhaber(?:in)?|karteninhaber(?:in)?|empfänger(?:in)?|"
    r"nom complet|nom de famille|prénom|nom et prénom|titulaire(?: de la carte)?|destinataire|"
    r"nombre completo|nombre y apellidos?|apellidos?|titular|destinatario|nome completo|cognome|sobrenome|"
    r"voornaam|achternaam|imię|nazwisko|imię i nazwisko|förnamn|efternamn"
)
_BARE_NAME_LABEL = r"name|nom|nombre|nome|naam|contact|owner|user|author|client|agent|manager"
"""These name things as well as people: their value has to look like a person's name, two words or more."""
_ADDRESS_LABEL = (
    r"(?:(?:street|home|billing|shipping|delivery|mailing|postal|residential|business|company|your|work|invoice|"
    r"physical) )?"
    r"add?ress(?: line)?(?: ?[12])?|street(?: (?:name|and number))?|house number|"
    r"(?:zip|postal)(?: ?code)?|post ?code|city|town|zip / postal code|"
    r"(?:rechnungs|liefer|post|wohn)?(?:adresse|anschrift)|straße(?: und hausnummer)?|strasse|plz(?: / ort)?|"
    r"postleitzahl|ort|wohnort|stadt|"
    r"adresse(?: postale| de livraison| de facturation)?|rue|code postal|ville|"
    r"dirección(?: de envío| de facturación)?|calle|código postal|ciudad|indirizzo|città|morada|código postal|cidade|"
    r"osoite|cím|adresa|endereço|adres|"
    r"woonplaats"
)
_OTHER_LABEL = (
    r"date of birth|birth ?date|birthday|d\.?o\.?b\.?|geburtsdatum|geburtstag|date de naissance|"
    r"fecha de nacimiento|place of birth|geboortedatum"
)
CONTACT_LABEL = re.compile(
    r"e-?mail(?:[ -]?(?:address|adresse))?|phone(?: number)?|telephone|mobile(?: number)?|telefon(?:nummer)?|"
    r"téléphone|teléfono|correo(?: electrónico)?|courriel|adresse e-?mail|handy(?:nummer)?|cell",
    re.I,
)
"""Labels that stand beside a person's name and hardly beside a thing's."""
_CLOSING = (
    r"(?:best|kind|warm|many)(?: regards| wishes)|regards|(?:yours )?sincerely|cheers|(?:viele|liebe|beste|schöne|"
    r"freundliche|herzliche) grüße|mit (?:freundlichen|besten) grüßen|(?:bien )?cordialement|(?:un )?saludos?"
    r"(?: cordiales)?|atentamente|(?:cordiali|distinti) saluti|met vriendelijke groet(?:en)?|atenciosamente|pozdrawiam"
)
_LABEL_WORDS: tuple[tuple[SensitiveKind, bool, str], ...] = (
    ("name", True, rf"{_NAME_LABEL}|{_CLOSING}"),
    ("name", False, _BARE_NAME_LABEL),
    ("address", True, _ADDRESS_LABEL),
    ("other", True, _OTHER_LABEL),
    ("ssn", True, national.LABEL_WORDS),
    ("card", True, secrets.CARD_CODE_WORDS),
    ("card", True, r"(?:credit |debit |payment )?card (?:number|no\.?)|kartennummer|numéro de carte|número de tarjeta"),
    ("iban", True, r"iban(?: number)?|(?:bank )?account (?:number|no\.?)|kontonummer|routing number|sort code"),
    (
        "phone",
        True,
        r"(?:(?:mobile|cell|home|work|office|contact) )?(?:phone|mobile|telephone|cell|fax|whatsapp)(?: (?:number|"
        r"no\.?))?|"
        r"telefon(?:nummer)?|mobil(?:nummer|telefon)?|handy(?:nummer)?|rufnummer|tel|téléphone|portable|teléfono|móvil|"
        r"telefono|cellulare|telefone|telemóvel|celular|telefoon(?:nummer)?|komórka|puhelin",
    ),
)
_LABELS: tuple[tuple[SensitiveKind, bool, re.Pattern[str], re.Pattern[str]], ...] = tuple(
    (kind, certain, re.compile(words, re.I), re.compile(words.replace(" ?", "").replace(" ", ""), re.I))
    for kind, certain, words in _LABEL_WORDS
)
_LABELLED = re.compile(
    rf"(?<![^\W_])(?:(?P<name>{_NAME_LABEL})|(?P<bare>{_BARE_NAME_LABEL})|(?P<address>{_ADDRESS_LABEL})|"
    rf"(?P<other>{_OTHER_LABEL}))"
    r"\s?\*?[:：]\s{0,3}(?P<value>[^\n:|;<>]{2,80})",
    re.I,
)
_BARE = re.compile(rf"(?:{_NAME_LABEL})\s(?P<value>[^\d:,;<>()]{{3,60}})$", re.I)
_DATED = re.compile(
    rf"(?<!\w)(?:{_OTHER_LABEL})[\s:]{{1,3}}(?P<value>\d{{1,4}}[./\- ](?:\d{{1,2}}|"
    rf"[A-Za-z]{{3,9}})[./\- ]\d{{2,4}})(?!\d)",
    re.I,
)
_NOT_POSTAL = re.compile(
    r"(?:e-?mail|mail|ip|mac|web|server|host|url|from|to|reply|bcc|bind|listen|wallet|memory|proxy|network|endpoint|"
    r"remote|local|peer|relay|router|gateway|dns|node|http|coin|contract)[ _\-]?$",
    re.I,
)
"""Before "address": then it is none of a house."""
_NO_PLACE = re.compile(
    r"\w+:/|[\w.+\-]+@|\d{1,3}(?:\.\d{1,3}){3}|[\w\-]+(?:\.[\w\-]+)+(?:[:/]\S*)?$|:\d{1,5}$|\d{1,3}$|localhost|[\[{(<`'\"$*:_]"
)
COLUMN_HEAD = re.compile(
    r"status|role|date|created|updated|amount|total|price|plan|type|id|reference|actions?|company|country|city|"
    r"department|"
    r"position|title|office|age|notes?|description|category|quantity|state|progress|priority|last (?:login|active|"
    r"seen|order)|"
    r"orders?|tags?|team|owner|due|balance|items?|payment|method|job|number|no\.?|#|betrag|datum|rolle|statut|"
    r"estado|fecha|importe|tipo|rol|kwota|data|typ|montant|rôle|nr\.?|summe|preis|menge|länge|source|channel|phone|"
    r"e-?mail|ip(?: address)?|browser|device",
    re.I,
)
"""Other heads of a table's columns: what stands right of a head in the head's row is no value."""


class Label(NamedTuple):
    """A line that names a private value: of which kind, and whether the label alone is proof of it."""

    kind: SensitiveKind
    certain: bool
    digits: bool = False
    """Whether digits alone may be the secret."""


def label(text: str) -> Label | None:
    """The label that `text`, whole, is ("First name *", "Street:"), or None, wherever OCR set its spaces."""
    bare = text.strip().strip("*:： ,.-–—|_").strip()
    for kind, certain, pattern, unspaced in _LABELS:
        if pattern.fullmatch(bare) or unspaced.fullmatch(bare.replace(" ", "")):
            return Label(kind, certain)
    return None


def is_contact(text: str) -> bool:
    """Whether `text`, whole, is a label that stands beside a person's name and hardly beside a thing's."""
    return CONTACT_LABEL.fullmatch(text.strip().strip("*:： ,.-–—|_")) is not None


def is_head(text: str) -> bool:
    """Whether `text`, whole, is what stands over a table's column."""
    bare = text.strip().strip("*:： ,.-–—|_↑↓▲▼")
    return bool(COLUMN_HEAD.fullmatch(bare) or CONTACT_LABEL.fullmatch(bare)) or label(bare) is not None


def secret_label(text: str) -> Label | None:
    """Whether `text`, whole, names a secret ("API key", "Password")."""
    bare = text.strip().strip("*:： ,.-–—|_")
    return Label("secret", True, bool(secrets.CODE_LABEL.fullmatch(bare))) if secrets.LABEL.fullmatch(bare) else None


def fits(text: str, beside: Label, certain: bool) -> bool:
    """Whether `text`, whole, may be the value of the label `beside`, which is `certain` or not in its place."""
    text, kind = text.strip(), beside.kind
    if kind == "name":
        return people.is_name(text, words=1 if certain else 2)
    if kind == "secret" and beside.digits and re.fullmatch(r"\d{4,8}|\d{3}[ \-]\d{3}", text):
        return True
    if kind == "secret":
        return " " not in text and len(text) >= 6 and any(c.isdigit() for c in text) and any(c.isalpha() for c in text)
    if kind == "address":
        return _may_be_address(text)
    digits, letters = sum(c.isdigit() for c in text), sum(c.isalpha() for c in text)
    if kind == "card" and re.fullmatch(r"\d{3,4}", text):  # its code
        return True
    if kind in ("card", "phone"):
        return digits >= 6 and letters <= 3
    if kind == "ssn":
        return digits >= max(4, 0.4 * (digits + letters)) and len(text) <= 24
    return digits >= (6 if kind == "iban" else 1) and digits >= 0.5 * (digits + letters)


def labelled(text: str) -> Iterator[Span]:
    """Values after a label and a colon on one line, and names after a label that only people have."""
    for m in _LABELLED.finditer(text):
        start, value = m.start("value"), m["value"].rstrip()
        if m["name"] or m["bare"]:
            name = people.beginning(value)
            if name and people.is_name(name, words=1 if m["name"] else 2):
                yield Span(start, start + len(name), "name")
        elif m["address"] and not _NOT_POSTAL.search(text[: m.start()]) and _may_be_address(value):
            yield Span(start, start + len(value), "address")
        elif m["other"] and any(c.isdigit() for c in value):
            yield Span(start, start + len(value), "other")
    bare = _BARE.match(text.strip())
    if bare and people.is_name(bare["value"], words=2):
        start = text.index(bare["value"])
        yield Span(start, start + len(bare["value"]), "name")
    for m in _DATED.finditer(text):
        yield Span(*m.span("value"), "other")


def _may_be_address(value: str) -> bool:
    """Whether a value beside an address's label is none of the things that such labels name as well."""
    words = re.findall(r"[\w'’.\-]+", value)
    if not words or _NO_PLACE.match(value) or value.rstrip("* ").endswith(":") or label(value) is not None:
        return False
    if "_" in value or (len(words) == 1 and re.search(r"(?<!^M)(?<!^Ma)(?<!^D)(?<!^L)[a-z][A-Z]", value)):
        return False  # a field's name in a program
    plain = [word for word in words if ordinary(word)]
    return len(plain) < len(words) if any(c.isdigit() for c in value) else not plain
