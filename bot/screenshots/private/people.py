"""Names and postal addresses: in greetings, beside or under their labels, and by the shape of a street.

A name without a label or a greeting is not looked for: a list of first names knows one country's people, and takes
half of a screen's words for persons. `labels` tells the picture's rules which lines name a private value.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bot.screenshots.private.text import SensitiveKind, Span

_UPPER = "A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĘĚĞĢĪĮİĶĹĻŁŃŅŇŐŒŔŘŚŞŠŤŪŮŰŹŻŽ"
_WORD = (
    rf"(?:(?:van|von|der|den|de|del|della|da|di|dos|du|la|le|bin|ibn|al|el|ter|ten|zu|y|e) |d['’]|O['’]|Mc|Mac|"
    rf"al-)*[{_UPPER}](?:[^\W\d_]|['’\-](?=[^\W\d_])){{0,30}}\.?"
)
_NAME = rf"{_WORD}(?: {_WORD}){{0,3}}"
_TITLE = r"(?:(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sir|Herr|Frau|Herrn|M|Mme|Mlle|Sr|Sra|Srta|Señor|Señora|Pan|Pani)\.? )*"
_GREETING = re.compile(
    r"(?:(?<![^\W\d_])(?i:Hi|Hello|Hey|Dear|Welcome(?: back)?|Good (?:morning|afternoon|evening)|Howdy|Greetings|"
    r"Thanks|Thank you|Hallo|Liebe[r]?|Sehr geehrte[r]?|Guten (?:Tag|Morgen|Abend)|Willkommen(?: zurück)?|Bonjour|"
    r"Bonsoir|"
    r"Salut|Chère?|Bienvenue|Hola|Buenos días|Buenas tardes|Estimad[oa]|Bienvenid[oa]|Ciao|Buongiorno|Gentile|Olá|"
    r"Beste|"
    r"Dag|Hej|Cześć|Witaj))[,!]? (?:there[,!]? )?" + _TITLE + rf"(?P<name>{_NAME})"
)
_STATED = re.compile(
    r"(?i:(?:signed|logged) in (?:as|with)|signed in:|account of|(?:created|updated|modified|requested|invited|"
    r"shared|sent|"
    r"approved|posted|uploaded|reported|changed|edited) by|assigned to|author:|(?:billed|shipped|sold) to|"
    r"angemeldet als|erstellt von|geändert von|connecté en tant que|créé par|conectado como|creado por)[ :]{1,2}"
    + _TITLE
    + rf"(?P<name>{_NAME})"
)
_BRACKETED = re.compile(rf"(?P<name>{_NAME}) <[^<>\s]+@[^<>\s]+>?")
_NAME_LABEL = (
    r"(?:full|first|last|given|family|middle|sur|contact|customer|client|patient|guest|employee|student|member|"
    r"cardholder|card ?holder(?:'s)?|account ?holder(?:'s)?|beneficiary|recipient|sender|billing|shipping|legal|"
    r"display|"
    r"preferred|maiden|user'?s?|your|owner|payee|payer|traveller|passenger|applicant) ?name(?: on card)?|"
    r"name on (?:the )?card|"
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
    r"dirección(?: de envío| de facturación)?|calle|código postal|ciudad|indirizzo|via|cap|città|endereço|adres|"
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
_LABEL_WORDS: tuple[tuple[SensitiveKind, bool, str], ...] = (
    ("name", True, _NAME_LABEL),
    ("name", False, _BARE_NAME_LABEL),
    ("address", True, _ADDRESS_LABEL),
    ("other", True, _OTHER_LABEL),
    ("card", True, r"(?:credit |debit |payment )?card (?:number|no\.?)|kartennummer|numéro de carte|número de tarjeta"),
    ("iban", True, r"iban(?: number)?|(?:bank )?account (?:number|no\.?)|kontonummer|routing number|sort code"),
    ("phone", True, r"(?:phone|mobile|telephone|cell|fax)(?: (?:number|no\.?))?|telefon(?:nummer)?|handy(?:nummer)?"),
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
_NUMBER = r"\d{1,5}(?: ?[a-zA-Z])?(?:[-/]\d{1,4})?"
_STREETS = (
    re.compile(
        rf"(?<![\w.,#]){_NUMBER},? (?:[NSEW]\.? )?(?:[{_UPPER}0-9][\w'’.\-]*,? ){{1,4}}?"
        r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Square|Sq|Terrace|Yard|Way|Parkway|Pkwy|"
        r"Highway|Hwy|Crescent|Cres|Close|Gardens|Grove|Mews|Row|Hill|Circle|Cir|Trail|Plaza|Quay)\b\.?"
        r"(?:,? (?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Fl|#)\.? ?#?[\w\-]+)?"
    ),
    re.compile(
        rf"(?<!\w)(?:(?:Am|An der|Auf der|Im|Zum|Zur) )?[{_UPPER}][\wäöüß.\-]*"
        rf"(?:[ \-][{_UPPER}][\wäöüß.\-]*){{0,3}}?(?:[ \-])?(?<=[\w \-])(?:[Ss]tra(?:ß|ss)e|[Ss]tr\.|[Ww]eg|[Pp]latz|"
        rf"[Aa]llee|[Gg]asse|[Uu]fer|[Dd]amm|[Rr]ing|"
        rf"straat|laan|gracht|plein|kade|gatan|vägen|gade|vej|veien|katu) {_NUMBER}(?!\w)"
    ),
    re.compile(
        rf"(?<![\w.,#]){_NUMBER},? ?(?:bis|ter)?,? (?:rue|avenue|boulevard|place|chemin|allée|quai|impasse|cours|"
        rf"route|square)"
        rf"(?: (?:de|du|des|la|le|les|l['’]|d['’]|[\w'’\-]+)){{1,5}}",
        re.I,
    ),
    re.compile(
        rf"(?<!\w)(?:Calle|C/|Avenida|Avda\.|Av\.|Paseo|Plaza|Carrer|Via|Viale|Piazza|Corso|Largo|Rua|Travessa|ul\.|"
        rf"al\.|os\.)"
        rf" (?:[\w'’.\-]+ ){{1,5}}?,? ?(?:n[º°.] ?)?{_NUMBER}(?!\w)"
    ),
    re.compile(r"(?<!\w)(?:P\.? ?O\.? ?Box|Postfach|Apartado|Boîte postale|BP) \d{1,6}(?!\w)", re.I),
)
_PLACES = (
    re.compile(
        rf"[{_UPPER}][\w.'’\-]+(?: [{_UPPER}][\w.'’\-]+){{0,3}},? (?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|"
        rf"M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY])\.?,? \d{{5}}(?:-\d{{4}})?(?!\d)"
    ),
    re.compile(
        rf"(?:[{_UPPER}][\w'’\-]+,? )?(?<![\w])(?:[A-PR-UWYZ][A-HK-Y]?\d[A-HJKPS-UW\d]?) ?\d[ABD-HJLNP-UW-Z]{{2}}(?!\w)"
    ),
    re.compile(
        rf"(?<![\w.,\-#])(?:[A-Z]{{1,2}}-)?\d{{4,5}}(?: ?[A-Z]{{2}})? [{_UPPER}]"
        rf"[\w'’\-]{{2,}}(?: [{_UPPER}(][\w'’\-)]+){{0,2}}(?!\w)"
    ),
)
"""Town and post code. The last shape (a number and a word) counts only beside a street."""
_LOOSE_LETTER = re.compile(r"(?<=[^\W\d_]) (?=[^\W\d_A-Z]\b)")
"""A space that OCR saw before a word's last letter."""
COLUMN_HEAD = re.compile(
    r"status|role|date|created|updated|amount|total|price|plan|type|id|reference|actions?|company|country|city|"
    r"department|"
    r"position|title|office|age|notes?|description|category|quantity|state|progress|priority|last (?:login|active|"
    r"seen|order)|"
    r"orders?|tags?|team|owner|due|balance|items?|payment|method|job|number|no\.?|#|betrag|datum|rolle|statut|"
    r"estado|fecha",
    re.I,
)
"""Other heads of a table's columns: what stands right of a head in the head's row is no value."""
_NO_NAME = re.compile(
    r"(?:the|to|your|our|my|this|that|all|new|back|again|and|in|on|for|enter|choose|select|type|add|edit|change|"
    r"search|none|unknown|"
    r"n/a|required|optional|password|email|e-mail|phone|address|status|date|total|amount|order|settings|account|admin|"
    r"team|everyone|support|world|user|customer|dashboard|home|sir|madam|friends?|valued|please|section|page|app|"
    r"aboard|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday|january|february|march|april|may|june|july|august|"
    r"september|october|november|december|today|yesterday|tomorrow)",
    re.I,
)


class Label(NamedTuple):
    """A line that names a private value: of which kind, and whether the label alone is proof of it."""

    kind: SensitiveKind
    certain: bool


def label(text: str) -> Label | None:
    """The label that `text`, whole, is ("First name *", "Street:"), or None, wherever OCR set its spaces."""
    bare = text.strip().rstrip("*:： ").strip()
    for kind, certain, pattern, unspaced in _LABELS:
        if pattern.fullmatch(bare) or unspaced.fullmatch(bare.replace(" ", "")):
            return Label(kind, certain)
    return None


def is_name(text: str, words: int = 1) -> bool:
    """Whether `text`, whole, is shaped like a person's name of at least so many words."""
    text = _LOOSE_LETTER.sub("", text.strip())
    parts = text.split()
    shaped = len(parts) >= words and re.fullmatch(_TITLE + _NAME, text) is not None
    return shaped and not any(_NO_NAME.fullmatch(p.strip(".,!")) for p in parts)


def names(text: str) -> Iterator[Span]:
    """Names in greetings ("Hi Anna,") and before an address in brackets, and those that are stated."""
    yield from stated(text)
    for pattern in (_GREETING, _BRACKETED):
        yield from _named(pattern, text)


def stated(text: str) -> Iterator[Span]:
    """Names that a sentence states ("Signed in as ...")."""
    yield from _named(_STATED, text)


def _named(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    for m in pattern.finditer(text):
        if not _NO_NAME.fullmatch(m["name"].split()[0].strip(".,!")):
            yield Span(*m.span("name"), "name")


def labelled(text: str) -> Iterator[Span]:
    """Values after a label and a colon on one line."""
    for m in _LABELLED.finditer(text):
        start, value = m.start("value"), m["value"].rstrip()
        if m["name"] or (m["bare"] and is_name(value, words=2)):
            name = re.match(_TITLE + _NAME, value)
            if name and is_name(name[0]):
                yield Span(start, start + name.end(), "name")
        elif m["address"] and not _NO_NAME.fullmatch(value.split()[0].strip(".,")):
            yield Span(start, start + len(value), "address")
        elif m["other"] and any(c.isdigit() for c in value):
            yield Span(start, start + len(value), "other")


def postal(text: str) -> Iterator[Span]:
    """Streets with a number, post office boxes, and towns with their post code."""
    street = False
    for pattern in _STREETS:
        for m in pattern.finditer(text):
            street = True
            yield Span(m.start(), m.end(), "address")
    for pattern in _PLACES[:2] if not street else _PLACES:
        for m in pattern.finditer(text):
            yield Span(m.start(), m.end(), "address")


def told_by(addresses: Sequence[str], words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """(from, to) of the runs of `words` that are a name because an e-mail address on the same screen spells it.

    Two words at least, all of them in one address before its @.
    """
    for address in addresses:
        told = {_folded(part) for part in re.split(r"[._\-+\d]+", address.partition("@")[0]) if len(part) > 1}
        if len(told) < 2:
            continue
        here = [word[:1].isupper() and all(p in told for p in _name_parts(word)) for word in words]
        for start in range(len(words)):
            end = start
            while end < len(words) and here[end]:
                end += 1
            if end - start >= 2 and not (start and here[start - 1]):
                yield start, end


def _name_parts(word: str) -> list[str]:
    return [_folded(p) for p in re.split(r"[-'’]", word.strip(".,;:!?()")) if p] or [""]


def _folded(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def town(text: str) -> Iterator[Span]:
    """Post code and town, as they stand under a street."""
    for pattern in _PLACES:
        for m in pattern.finditer(text):
            yield Span(m.start(), m.end(), "address")
