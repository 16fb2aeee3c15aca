"""Check digits: Luhn, mod 97, Verhoeff and those of national numbers. Digits in, True or False out; nothing else."""

from collections.abc import Callable, Sequence

_VERHOEFF_MULTIPLY = (
    "0123456789",
    "1234067895",
    "2340178956",
    "3401289567",
    "4012395678",
    "5987604321",
    "6598710432",
    "7659821043",
    "8765932104",
    "9876543210",
)
_VERHOEFF_PERMUTE = (
    "0123456789",
    "1576283094",
    "5803796142",
    "8916043527",
    "9453126870",
    "4286573901",
    "2793806415",
    "7046913258",
)
_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_FISCALE_FIRST = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21)
_FISCALE_ODD = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (*2 * _FISCALE_FIRST, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
        strict=True,
    )
)
IBAN_LENGTHS = {
    **dict.fromkeys(("NO",), 15),
    **dict.fromkeys(("BE",), 16),
    **dict.fromkeys(("DK", "FO", "FI", "GL", "NL", "SD"), 18),
    **dict.fromkeys(("MK", "SI"), 19),
    **dict.fromkeys(("AT", "BA", "EE", "KZ", "LT", "LU", "XK", "MN"), 20),
    **dict.fromkeys(("HR", "LV", "LI", "CH"), 21),
    **dict.fromkeys(("BH", "BG", "CR", "GB", "GE", "DE", "IE", "ME", "RS", "VA"), 22),
    **dict.fromkeys(("AE", "GI", "IL", "IQ", "TL", "SO"), 23),
    **dict.fromkeys(("AD", "CZ", "MD", "PK", "RO", "SA", "SK", "ES", "SE", "TN", "VG"), 24),
    **dict.fromkeys(("PT", "ST", "LY"), 25),
    **dict.fromkeys(("IS", "TR"), 26),
    **dict.fromkeys(("FR", "GR", "IT", "MC", "MR", "SM", "BI", "DJ"), 27),
    **dict.fromkeys(("AL", "AZ", "BY", "CY", "DO", "GT", "HU", "LB", "NI", "PL", "SV"), 28),
    **dict.fromkeys(("BR", "PS", "QA", "UA"), 29),
    **dict.fromkeys(("JO", "KW", "MU"), 30),
    **dict.fromkeys(("MT", "SC"), 31),
    **dict.fromkeys(("LC",), 32),
    **dict.fromkeys(("RU",), 33),
}
"""Length of an IBAN by its country, in characters without spaces."""


def luhn(digits: str) -> bool:
    """Cards, and several national numbers."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0


def iban(value: str) -> bool:
    """ISO 13616: `value` in capitals without spaces, of 15 to 34 characters, and mod 97 is 1."""
    if not 15 <= len(value) <= 34 or not value.isalnum() or not value.isascii():
        return False
    return int("".join(str(int(c, 36)) for c in value[4:] + value[:4])) % 97 == 1


def verhoeff(digits: str) -> bool:
    """India's Aadhaar."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = int(_VERHOEFF_MULTIPLY[check][int(_VERHOEFF_PERMUTE[place % 8][int(digit)])])
    return check == 0


def weighted(digits: str, weights: Sequence[int], modulus: int = 11) -> int:
    """The weighted sum of the first digits, modulo `modulus`."""
    return sum(int(d) * w for d, w in zip(digits, weights, strict=False)) % modulus


def cpf(digits: str) -> bool:
    """Brazil: two check digits, mod 11."""
    if len(set(digits)) == 1:
        return False
    first = -weighted(digits, range(10, 1, -1)) % 11 % 10
    second = -weighted(digits, range(11, 1, -1)) % 11 % 10
    return digits[-2:] == f"{first}{second}"


def pesel(digits: str) -> bool:
    """Poland: a date of birth whose month tells the century, and a check digit."""
    month, day = int(digits[2:4]) % 20, int(digits[4:6])
    weights = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
    return 1 <= month <= 12 and 1 <= day <= 31 and (10 - weighted(digits, weights, 10)) % 10 == int(digits[10])


def dni(value: str) -> bool:
    """Spain, DNI and NIE: the letter is the number modulo 23."""
    number = value[:-1].translate(str.maketrans("XYZ", "012"))
    return number.isdigit() and _DNI_LETTERS[int(number) % 23] == value[-1]


def fiscale(value: str) -> bool:
    """Italy's codice fiscale: sixteen characters, the last a check letter."""
    total = sum(_FISCALE_ODD[c] for c in value[0:15:2])
    total += sum(int(c) if c.isdigit() else ord(c) - 65 for c in value[1:15:2])
    return chr(65 + total % 26) == value[15]


def insee(digits: str) -> bool:
    """France: thirteen digits and a key of two, mod 97."""
    return 97 - int(digits[:13]) % 97 == int(digits[13:])


def bsn(digits: str) -> bool:
    """The Netherlands: the eleven test."""
    return weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1)) == 0 and digits != "000000000"


def steuer_id(digits: str) -> bool:
    """Germany's tax number: ISO 7064 mod 11,10."""
    product = 10
    for digit in digits[:10]:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == int(digits[10]) and digits[0] != "0"


def chinese(value: str) -> bool:
    """China's resident number: seventeen digits with a date, and a check character."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    right = "10X98765432"[weighted(value, weights)] == value[17].upper()
    return right and 1900 <= int(value[6:10]) < 2100 and 1 <= int(value[10:12]) <= 12 and 1 <= int(value[12:14]) <= 31


def ahv(digits: str) -> bool:
    """Switzerland: an EAN-13 that begins with 756."""
    return digits.startswith("756") and weighted(digits, (1, 3) * 6 + (1,), 10) == 0


Check = Callable[[str], bool]
