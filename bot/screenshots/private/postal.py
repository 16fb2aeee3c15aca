"""Postal addresses: a street and its number, and with it the flat before, the town, post code and country after it.

A street's shape is the anchor; what follows is only then looked at, piece by piece, so that ordinary words and numbers
beside no street stay. `goes_on` says the same of a line that stands under a street.
"""

import re
from collections.abc import Iterator

from bot.screenshots.private.ordinary import ordinary, proper
from bot.screenshots.private.text import UPPER, Span

_NUMBER = r"\d{1,5}(?: ?[a-zA-Z])?(?:[-/]\d{1,4}[a-zA-Z]?)?(?![\w.])"
_CAP = rf"[{UPPER}][\w'’.\-]*"
_ENGLISH = (
    r"Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Square|Sq|Terrace|Ter|Yard|Way|Parkway|"
    r"Pkwy|"
    r"Highway|Hwy|Crescent|Cres|Close|Gardens|Gdns|Grove|Mews|Row|Hill|Circle|Cir|Trail|Plaza|Quay|Place|Pl|Alley"
)
_LOOSE_ENGLISH = (
    r"View|Park|Rise|Walk|Wharf|Path|Bend|Loop|Pass|Heights|Crossing|Landing|Run|Point|Parade|Esplanade|Green|Gate|"
    r"Bridge|Broadway|Embankment|Common|Vale|Croft|Drove|Fold|Side|Strand"
)
_STREETS = (
    re.compile(
        rf"(?<![\w.,#]){_NUMBER},? (?:[NSEW]\.? )?(?:[{UPPER}0-9][\w'’.\-]*,? ){{1,4}}?(?:{_ENGLISH})\b\.?"
        rf"(?: (?:North|South|East|West|Upper|Lower|N|S|E|W|NE|NW|SE|SW)\b\.?)?"
    ),
    re.compile(
        rf"(?<!\w)(?:(?:Am|An der|Auf der|Im|Zum|Zur) )?{_CAP}(?:[ \-]{_CAP}){{0,3}}?(?:[ \-])?(?<=[\w \-])"
        rf"(?:[Ss]tra(?:ß|ss)e|[Ss]tr\.|[Ww]eg|[Pp]latz|[Aa]llee|[Gg]asse|[Uu]fer|[Dd]amm|"
        rf"straat|laan|gracht|plein|gatan|gränd|vägen|vej|veien|katu|kuja) {_NUMBER}"
    ),
    re.compile(
        rf"(?<![\w.,#]){_NUMBER},? ?(?:bis|ter)?,? (?i:rue|avenue|boulevard|place|chemin|allée|quai|impasse|cours|"
        rf"route|square|faubourg)(?: (?:de|du|des|la|le|les|[ld]['’][\w'’\-]+|{_CAP})){{1,6}}"
    ),
    re.compile(
        rf"(?<!\w)(?:Calle|C/|Avenida|Avda\.?|Av\.|Paseo|P[ºo]\.?|Plaza|Carrer|Carretera|Camino|Via|Viale|Piazza|Corso|"
        rf"Largo|Vicolo|Rua|Travessa|Praça|Alameda|Estrada|Rodovia|ul\.|ulica|al\.|os\.|pl\.|utca|Cad\.|Sok\.)"
        rf" (?:[\w'’.\-]+,? ){{1,5}}?(?:n[º°.] ?)?{_NUMBER}"
    ),
    re.compile(rf"(?<!\w){_CAP}(?: {_CAP}){{0,2}} (?:utca|út|útja|tér|körút|Cad\.|Caddesi|Sok\.|Sokak|Sokağı)"
               rf"(?: ?[Nn]o[:.]?)? ?{_NUMBER}\.?"),
    re.compile(r"(?<!\w)(?:P\.? ?O\.? ?Box|Postfach|Apartado|Boîte postale|BP|Postbus|"
    r"Casella postale) \d{1,6}(?!\w)", re.I),
    re.compile(rf"(?<![\w\-])\d{{1,3}}(?:-\d{{1,3}}){{1,3}},? {_CAP}(?:, | )(?:{_CAP}-(?:ku|shi|cho|machi|gun|ken|fu|"
    rf"to))"),
    re.compile(r"[\u4e00-\u9fff]{2,}[省市区县州都道府県](?:[\u3040-\u30ff\u4e00-\u9fff\d\-ー－]{2,})[号路街道巷弄町丁目番地楼室\d]+"),
)  # fmt: skip
"""Shapes that are a street by themselves, unless all their words are ordinary ones."""
_LOOSE = (
    re.compile(rf"(?<![\w.,#]){_NUMBER},? (?:{_CAP} ){{1,3}}?(?:{_LOOSE_ENGLISH})\b"),
    re.compile(rf"(?<!\w)(?:(?:Am|An der|An den|Auf der|Im|Zum|Zur|Unter den|Hinter der|Beim) )?"
               rf"{_CAP}(?:[ \-](?:{_CAP}|der|den|dem)){{0,4}} {_NUMBER}(?: ?(?:[A-Z]|\d{{1,3}})(?!\w))?"),
)  # fmt: skip
"""Shapes that are one only with a town after them."""
_RISKY = re.compile(r"(?:Drive|Dr|Way|Row|Hill|Close|Circle|Cir|Trail|Place|Pl|Alley|Terrace|Ter)\.?(?: \w+)?$")
"""Of the English ones those that end what screens speak of, too ("2 Google Drive")."""
_GERMAN_PLACE = re.compile(r"Am|An de[rn]|Auf der|Unter den|Hinter der|Zum|Zur")
_COUNTRIES = (
    r"U\.?S\.?A\.?|United States(?: of America)?|U\.?K\.?|United Kingdom|Great Britain|England|Scotland|Wales|"
    r"(?:Northern )?Ireland|Deutschland|Germany|Österreich|Austria|Schweiz|Suisse|Svizzera|Switzerland|France|"
    r"Frankreich|"
    r"España|Spain|Spanien|Italia|Italy|Italien|Portugal|Nederland|Netherlands|The Netherlands|Niederlande|Belgi[ëe]|"
    r"Belgique|Belgium|Belgien|Luxembourg|Luxemburg|Polska|Poland|Polen|Česko|Czech Republic|Czechia|Tschechien|"
    r"Danmark|"
    r"Denmark|Sverige|Sweden|Schweden|Norge|Norway|Suomi|Finland|Magyarország|Hungary|România|Romania|Greece|Türkiye|"
    r"Turkey|Canada|Kanada|México|Mexico|Bra[sz]il|Argentina|Chile|Colombia|Australia|New Zealand|Japan|China|India|"
    r"Singapore|South Africa|Israel|United Arab Emirates|UAE|South Korea|Ukraine|Croatia|Slovenia|Slovakia|Estonia|"
    r"Latvia|Lithuania|Malta|Cyprus|Iceland|Serbia|Bulgaria"
)
_BRITISH = r"[A-PR-UWYZ][A-HK-Y]?\d[A-HJKPS-UW\d]? ?\d[ABD-HJLNP-UW-Z]{2}"
_CODE = (
    rf"(?:(?:[A-Z]{{1,3}}-|〒 ?)?(?:\d{{5}}-\d{{3,4}}|\d{{4}}-\d{{3}}|\d{{3}}-\d{{4}}|\d{{2}}-\d{{3}}|\d{{3}} \d{{2}}|"
    rf"\d{{5,6}}|"
    rf"\d{{4}}(?: ?[A-Z]{{2}})?)|{_BRITISH}|[A-Z]\d[A-Z] ?\d[A-Z]\d|[A-Z]\d[\dW] ?[A-Z\d]{{4}})(?![\w\-])"
)
_TOWN = (
    rf"{_CAP}(?:[ \-](?:de la|de|del|della|do|da|dos|sur|sous|am|an der|in der|ob der|im|upon|on|of|the|nad|pod|"
    rf"les|lès|la|le|el|los)(?=[ \-][{UPPER}])|[ \-][{UPPER}(][\w'’.()\-]*){{0,4}}"
)
_UNIT = (
    r"(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Fl|Room|Rm|Building|Bldg|Block|Blk|Tower|Wohnung|Whg|Etage|Bât|"
    r"Bâtiment|"
    r"Appt|Appartement|Piso|Puerta|Planta|Int|Interno|Scala|Top|Stiege|lok|m|Dept|Dpto|Depto|Kat|Daire|Plot|House|No|#)"
    r"\.? ?#?[\w\-]{0,4}\d?[\w\-]{0,6}(?!\w)|#\d{1,5}(?!\w)|\d{1,2}(?:[º°ª]|st|nd|rd|th|er|e|ème|\.)(?: ?"
    r"(?:floor|Floor|étage|Stock|OG|piso|andar|dcha|izda|Esq|Dto|[A-Z])\b\.?)?"
)
_STATE = r"[A-Z]{2,3}(?![\w.])"
_COUNTRY = re.compile(rf"(?:{_COUNTRIES}|{_CODE}|{_STATE})(?!\w)")
_PIECES = re.compile(
    rf"(?P<country>(?:{_COUNTRIES})(?!\w))|(?P<unit>{_UNIT})|"
    rf"(?P<code>{_CODE}(?: (?P<after>{_TOWN}(?: \d{{1,2}}(?!\d))?))?)|"
    rf"(?P<town>(?:Col\. )?{_TOWN})(?P<rest>(?: \d{{1,2}}e?(?![\d\w]))?(?:(?:,| -)? {_STATE})?(?:,? {_CODE})?)|"
    rf"(?P<state>{_STATE}(?: {_CODE})?)"
)
_COMMA = re.compile(r"\s*[,;·|/\n]\s*(?:- )?|\s+[–—-]\s+|\s+")
_BEFORE = re.compile(
    r"(?<!\w)(?:Flat|Apt|Apartment|Unit|Suite|Plot|Room|Block|House|Floor)\.? ?(?:#?[\w\-]{1,6},? )?$|"
    r"(?<!\w)#\d{1,5},? $"
)
_PLACES = (
    re.compile(
        rf"(?:{_CAP}(?: {_CAP}){{0,3}}),? (?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|"
        rf"O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY])\.? \d{{5}}(?:-\d{{4}})?(?!\d)"
    ),
    re.compile(rf"(?:{_CAP},? )?(?<![\w#]){_BRITISH.replace(' ?', ' ')}(?!\w)"),
    re.compile(rf"{_CAP},? {_BRITISH}(?!\w)"),
    re.compile(rf"(?<![\w.,\-#])(?:[A-Z]{{1,2}}-)?\d{{4,5}}(?: ?[A-Z]{{2}})? {_CAP}(?: {_CAP}){{0,2}}(?!\w)"),
)
"""Town and post code. The last shape (a number and a word) counts only under a street."""


def postal(text: str) -> Iterator[Span]:
    """Streets with all of the address that is written with them, post office boxes, and towns with their post code."""
    at = 0
    for start, end in sorted(_streets(text)):
        if end > at:
            before = _BEFORE.search(text[:start])
            at = _tail(text, end)
            yield Span(before.start() if before else start, at, "address")
    for pattern in _PLACES[:3]:
        for m in pattern.finditer(text):
            if not ordinary(m[0].split()[0].strip(",")) and not ordinary(m[0].split()[-1]):
                yield Span(m.start(), m.end(), "address")


def goes_on(text: str) -> bool:
    """Whether `text`, whole, is what may stand on the line under a street: flat, town, post code, state, country."""
    text = text.strip(" ,")
    if any(True for pattern in _PLACES for m in pattern.finditer(text) if not ordinary(m[0].split()[-1])):
        return True
    return 2 <= len(text) <= 60 and _piece(text, 0) > 0 and _tail(text, 0) == len(text)


def may_be_street(text: str) -> bool:
    """Whether `text`, whole, is a street if a town stands under it: "Hlavní 12", "Kaiserring 5"."""
    return any(p.fullmatch(text.strip(" ,")) and not _of_screens(text, least=1) for p in _LOOSE)


def is_town(text: str) -> bool:
    """Whether `text`, whole, is a post code and a town."""
    piece = _PIECES.fullmatch(text.strip(" ,"))
    return piece is not None and bool(piece["code"] and piece["after"] and proper(piece["after"]) == piece["after"])


def _streets(text: str) -> Iterator[tuple[int, int]]:
    for pattern in _STREETS:
        for m in pattern.finditer(text):
            certain = pattern is _STREETS[0] and not _RISKY.search(m[0])
            if certain or not _of_screens(m[0]):
                yield m.span()
    for pattern in _LOOSE:
        for m in pattern.finditer(text):
            if not _of_screens(m[0], least=1) and _town_follows(m[0], text, m.end()):
                yield m.span()


def _of_screens(street: str, least: int = 0) -> bool:
    """Whether the names in a street's shape are ordinary words ("2 Google Drive", "Via API 2"): all, or `least`."""
    words = [w for w in re.findall(r"[^\W\d_][\w'’.\-]*", street) if w[0].isupper() and len(w) > 1]
    named = [
        w for w in words if not re.fullmatch(rf"(?:{_ENGLISH}|{_LOOSE_ENGLISH}|Via|Largo|Plaza|Am|Im|Zum|Zur)\.?", w)
    ]
    plain = sum(ordinary(w) for w in named)
    if street[0].islower() or not words:
        return False
    return bool(named) and plain >= (least or len(named))


def _town_follows(street: str, text: str, at: int) -> bool:
    """Whether a post code with its town stands right after, or a town and then a code, a state or a country."""
    comma = _COMMA.match(text, at)
    piece = _PIECES.match(text, comma.end()) if comma else None
    if comma is None or piece is None:
        return False
    if piece["unit"]:
        return _town_follows(street, text, piece.end())
    if piece["code"]:
        year = re.match(r"(?:19|20)\d\d ", piece["code"])
        return bool(piece["after"]) and not year and bool(proper(piece["after"]))
    if not piece["town"] or "," not in comma[0] or not proper(piece["town"]):
        return False
    more = re.search(rf"{_STATE}|{_CODE}", piece["rest"]) or (
        text[piece.end() : piece.end() + 1] == "," and _COUNTRY.match(text, piece.end() + 2)
    )
    return bool(more) or _GERMAN_PLACE.match(street) is not None


def _tail(text: str, at: int) -> int:
    """Where an address ends that goes on, piece by piece, from `at`."""
    while True:
        comma = _COMMA.match(text, at) if at else re.match("", text)
        end = _piece(text, comma.end()) if comma else 0
        if comma is None or end <= comma.end():
            return at
        at = end


def _piece(text: str, at: int) -> int:
    """Where the piece of an address ends that begins at `at`; 0 when none does."""
    piece = _PIECES.match(text, at)
    if piece is None:
        return 0
    if piece["country"] or piece["unit"]:
        return piece.end()
    if piece["code"]:
        after = proper(piece["after"]) if piece["after"] else ""
        if after:
            return piece.start("after") + len(after)
        code = piece["code"][: len(piece["code"]) - len(piece["after"] or "")].rstrip()
        return at + len(code) if not re.match(r"\s?(?:[a-z]|%)", text[at + len(code) :]) else 0
    if piece["town"]:
        town = proper(piece["town"])
        return piece.end() if town == piece["town"] else at + len(town) if town else 0
    return piece.end()
