"""How wide characters are beside each other: in common proportional fonts, and in those of one width for all."""

from collections.abc import Sequence

_RELATIVE = {
    **dict.fromkeys("iljI|!'’.,:;", 0.45),
    **dict.fromkeys("ftr()[]{}/\\- ", 0.6),
    **dict.fromkeys("mwMW@%", 1.55),
    **dict.fromkeys("ABCDEFGHKNOPQRSUVXYZ&", 1.2),
}
"""Widths beside that of a digit."""
LEAST = 8
"""Fewer characters tell nothing of the font."""


def edges(text: str, left: float, right: float, even: bool = False) -> list[float]:
    """Where the characters of `text`, which fills left..right, begin, and where the last one ends."""
    widths = [1.0 if even else _RELATIVE.get(c, 1.0) for c in text]
    unit = (right - left) / (sum(widths) or 1.0)
    out = [left]
    for width in widths:
        out.append(out[-1] + unit * width)
    return out


def is_even(text: str, centres: Sequence[float], left: float, right: float) -> bool:
    """Whether characters seen at `centres` are rather of one width than of a proportional font's."""
    if len(text) < LEAST:
        return False
    off = []
    for even in (True, False):
        begins = edges(text, left, right, even)
        off.append(sum(abs((a + b) / 2 - c) for a, b, c in zip(begins, begins[1:], centres, strict=False)))
    return off[0] < 0.7 * off[1]
