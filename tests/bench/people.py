"""Invented people, their numbers with right check digits, and decoys that only look private. Seeded, nobody real."""

# ruff: noqa: E501  # lists of shapes, one group a line

import random
import string
from typing import NamedTuple

FIRST = [
    "Anna",
    "Marek",
    "Yusuf",
    "Chidi",
    "Ingrid",
    "Lucía",
    "Tomasz",
    "Priya",
    "Oliver",
    "Fatima",
    "Sören",
    "Émilie",
    "Wei",
    "Giulia",
    "João",
    "Aoife",
    "Dmitri",
    "Hana",
]
LAST = [
    "Kowalska",
    "Okafor",
    "Lindqvist",
    "Haddad",
    "García",
    "Novák",
    "Brennan",
    "Moreau",
    "Tanaka",
    "Weber",
    "Silva",
    "Nakamura",
    "Petrov",
    "Rossi",
    "Jansen",
    "O'Neill",
    "Fernández",
    "Schäfer",
    "Müller-Lang",
]
STREETS = {
    "en": ("{n} {w} Street", "{n} {w} Avenue, Apt {m}", "{n} {w} Road", "{n} {w} Lane"),
    "de": ("{w}straße {n}", "{w}weg {n}", "{w}platz {n}"),
    "fr": ("{n} rue de {w}", "{n} avenue {w}"),
    "es": ("Calle {w} {n}", "Avenida {w} {n}"),
    "nl": ("{w}straat {n}", "{w}laan {n}"),
}
TOWNS = {
    "en": ("Springfield, IL 62704", "Leeds LS1 4DY", "Portland, OR 97205", "Bristol BS1 6QH"),
    "de": ("10115 Berlin", "80331 München", "50667 Köln"),
    "fr": ("75011 Paris", "69002 Lyon"),
    "es": ("28013 Madrid", "08002 Barcelona"),
    "nl": ("1012 AB Amsterdam", "3511 LN Utrecht"),
}
WORDS = {
    "en": ("Maple", "Harbour", "Mill", "Station", "Queens", "Oak Hill"),
    "de": ("Linden", "Goethe", "Garten", "Berg"),
    "fr": ("Rivoli", "Bretagne", "Lille"),
    "es": ("Alcalá", "Serrano", "Goya"),
    "nl": ("Prinsen", "Kerk", "Vondel"),
}


class Person(NamedTuple):
    """Everything private about somebody who does not exist."""

    name: str
    email: str
    phone: str
    street: str
    town: str
    card: str
    iban: str
    ssn: str
    ip: str
    secret: str


def person(rng: random.Random) -> Person:
    """A person with numbers that pass their checks."""
    first, last = rng.choice(FIRST), rng.choice(LAST)
    place = rng.choice(list(STREETS))
    street = rng.choice(STREETS[place]).format(n=rng.randint(1, 240), m=rng.randint(1, 30), w=rng.choice(WORDS[place]))
    plain = f"{first}.{last}".lower().translate(str.maketrans("íśöéãñáäü'", "isoeanaau-"))
    host = rng.choice(("gmail.com", "northwind.example", "posteo.de", "mail.co.uk", "lumen-labs.io"))
    return Person(
        f"{first} {last}", f"{plain}{rng.choice(('', rng.randint(2, 99)))}@{host}", phone(rng), street,
        rng.choice(TOWNS[place]), card(rng), iban(rng), ssn(rng), ".".join(str(rng.randint(11, 254)) for _ in range(4)), secret(rng),
    )  # fmt: skip


def card(rng: random.Random) -> str:
    """A card's number with Luhn's digit, in its brand's groups or in one."""
    start, size = rng.choice((("4", 16), ("53", 16), ("37", 15), ("6011", 16)))
    body = start + "".join(rng.choices(string.digits, k=size - 1 - len(start)))
    total = sum(int(d) * (2 - n % 2) // 10 + int(d) * (2 - n % 2) % 10 for n, d in enumerate(reversed(body)))
    number = body + str(-total % 10)
    cuts = (4, 10) if size == 15 else (4, 8, 12)
    separator = rng.choice((" ", " ", "-", ""))
    return separator.join(number[a:b] for a, b in zip((0, *cuts), (*cuts, size), strict=True))


def iban(rng: random.Random) -> str:
    """An IBAN of its country's true length."""
    country, shape = rng.choice((("DE", "d18"), ("NL", "a4d10"), ("GB", "a4d14"), ("FR", "d23"), ("ES", "d20")))
    letters = "".join(rng.choices(string.ascii_uppercase, k=4)) if shape[0] == "a" else ""
    digits = int(shape[shape.index("d") + 1 :])
    body = letters + "".join(rng.choices(string.digits, k=digits))
    check = 98 - int("".join(str(int(c, 36)) for c in body + country + "00")) % 97
    value = f"{country}{check:02}{body}"
    return " ".join(value[n : n + 4] for n in range(0, len(value), 4)) if rng.random() < 0.8 else value


def phone(rng: random.Random) -> str:
    """A telephone number, international or as one country writes it."""
    d = "".join(rng.choices("23456789", k=12))
    return rng.choice(
        (f"+1 ({d[:3]}) {d[3:6]}-{d[6:10]}", f"({d[:3]}) {d[3:6]}-{d[6:10]}", f"+44 20 {d[:4]} {d[4:8]}", f"0{d[:3]} {d[3:10]}",
         f"+49 1{d[:2]} {d[2:9]}", f"0{d[0]} {d[1:3]} {d[3:5]} {d[5:7]} {d[7:9]}", f"+34 6{d[:2]} {d[2:5]} {d[5:8]}", f"{d[:3]}-{d[3:6]}-{d[6:10]}")
    )  # fmt: skip


def ssn(rng: random.Random) -> str:
    """A social security number of the United States, a national insurance number of Britain or a CPF of Brazil."""
    kind = rng.randrange(3)
    if kind == 0:
        return f"{rng.randint(101, 665)}-{rng.randint(11, 98)}-{rng.randint(1001, 9998)}"
    if kind == 1:
        n = [rng.randint(10, 99) for _ in range(3)]
        return f"{rng.choice(('AB', 'CE', 'HJ', 'PX'))} {n[0]} {n[1]} {n[2]} {rng.choice('ABCD')}"
    body = [rng.randint(0, 9) for _ in range(9)]
    for _ in range(2):
        body.append(-sum(d * w for d, w in zip(body, range(len(body) + 1, 1, -1), strict=True)) % 11 % 10)
    d = "".join(map(str, body))
    return f"{d[:3]}.{d[3:6]}.{d[6:9]}-{d[9:]}"


def secret(rng: random.Random) -> str:
    """A key by one of the well-known prefixes."""
    letters = string.ascii_letters + string.digits
    r = "".join(rng.choices(letters, k=80))
    upper = "".join(rng.choices(string.ascii_uppercase + string.digits, k=16))
    return rng.choice((f"AKIA{upper}", "sk_" + "live_" + r[:24], f"ghp_{r[:36]}", "xoxb-" + f"{rng.randint(10**11, 10**12)}-{r[:24]}",
                       f"glpat-{r[:20]}", f"eyJ{r[:24]}.eyJ{r[24:50]}.{r[50:75]}", f"postgres://app:{r[:14]}@db.internal:5432/main"))  # fmt: skip


def decoy(rng: random.Random) -> tuple[str, str]:
    """(label, value) of something that is not private and has to stay readable."""
    d = "".join(rng.choices(string.digits, k=24))
    h = "".join(rng.choices("0123456789abcdef", k=40))
    return rng.choice(
        (("Order", f"#{d[:3]}-{d[3:10]}"), ("Invoice", f"INV-2026-{d[:5]}"), ("Request ID", f"{h[:8]}-{h[8:12]}-4{h[12:15]}-a{h[15:18]}-{h[18:30]}"),
         ("Version", f"{rng.randint(1, 20)}.{rng.randint(0, 9)}.{rng.randint(0, 30)}.{rng.randint(0, 200)}"), ("Commit", h[:rng.choice((7, 40))]),
         ("Error code", f"ERR_{d[:4]}"), ("Updated", f"2026-0{rng.randint(1, 9)}-{rng.randint(10, 28)} 14:{rng.randint(10, 59)}:07"),
         ("Total", f"€{rng.randint(1, 99)},{d[:3]}.{d[3:5]}"), ("Tracking", f"1Z{d[:3]}AA{d[3:13]}"), ("Reference", f"{d[:10]}"),
         ("Usage", f"{rng.randint(100, 999)} of 1,000 requests"), ("Build", f"Chrome/{rng.randint(100, 140)}.0.{rng.randint(6000, 7000)}.{rng.randint(10, 200)}"),
         ("Due", f"{rng.randint(10, 28)}.11.2026"), ("Ticket", f"SUP-{d[:6]}"), ("Period", f"{rng.randint(1, 12):02}/2026 – 12/2026"), ("Serial", f"SN{d[:12]}"))
    )  # fmt: skip
