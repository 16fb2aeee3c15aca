"""Forms and tables: which labels are the value of another, beside it or under it, and what a column holds.

For private values that only their label tells. Which labels name something private is said by
`bot.screenshots.private.headings`; what can be clicked by `controls`.
"""

import math
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bot.conversation import Box
from bot.screenshots.labels import Label
from bot.screenshots.private import headings as private
from bot.screenshots.private import people, postal
from bot.screenshots.private.text import SensitiveKind

PLACEHOLDER = re.compile(
    r"(?:enter|type|your|e\.?g\.?|example|select|choose|search|add|none|not set|n/a|unknown|optional|required|please|"
    r"bitte|eingeben|auswählen|entrez|saisissez|introduzca)\b.*|[-–—.…*•●·]+|.*(?:\.\.\.|…)",
    re.I,
)
ROW = 3.6
"""The next row of a table begins at most so many text heights below the one before."""
FORM, ALONE = 14, 40
"""A value stands at most so many text heights right of its label: in general, and where nothing else is on the row."""
ADDRESS_LINES = 4
TIGHT = 0.9
"""Lines of one address stand at most so many text heights apart."""
Headings = dict[int, private.Label]
"""Those of a picture's labels that name something private, by their number."""


class Value(NamedTuple):
    """Label number `label` holds a private value of this kind."""

    kind: SensitiveKind
    label: int


def values(found: Sequence[Label], personal: Sequence[bool]) -> Iterator[Value]:
    """The private values of a picture's labels; `personal[n]` says that label n itself holds an e-mail or a number.

    A heading such as "Name" is one of a person only beside an e-mail address or a telephone.
    """
    headings = {
        n: h for n, label in enumerate(found) if (h := private.label(label.text) or private.secret_label(label.text))
    }
    for number, heading in headings.items():
        certain = heading.certain or _of_a_person(found, number, personal)
        for value in _chain(found, number, headings, certain):
            if _fits(found[value].text, heading, certain):
                yield Value(heading.kind, value)


def _chain(found: Sequence[Label], number: int, headings: Headings, certain: bool) -> list[int]:
    """The labels that are what heading `number` names: right of it, else under it."""
    kind = headings[number].kind
    heads = _table(found, number)
    if heads is not None and (headings[number].certain or any(private.is_contact(found[n].text) for n in heads)):
        return [n for n in _cells(found, number, heads) if n not in headings]
    right = _right_of(found, number)
    if right is not None and right not in headings and _fits(found[right].text, headings[number], certain):
        text = found[right].text.strip("*: ")
        if not (private.CONTACT_LABEL.fullmatch(text) or private.COLUMN_HEAD.fullmatch(text)):
            return [right, *(_continued(found, right, number, headings) if kind == "address" else [])]
    if kind == "address":
        below = _under(found, number, 1.9)
        return [] if below is None or below in headings else [below, *_continued(found, below, number, headings)]
    return list(_column(found, number, headings, certain))


def mirrored(found: Sequence[Label]) -> bool:
    """Whether the screen is laid out from right to left: its labels end, rather than begin, where others do."""
    left = sum(abs(a.box[0] - b.box[0]) <= 2 for a in found for b in found if a is not b)
    right = sum(abs(a.box[2] - b.box[2]) <= 2 for a in found for b in found if a is not b)
    return right > 2 * left


def flipped(found: Sequence[Label]) -> list[Label]:
    """The labels as a mirror shows them, so that what is right to left reads from left to right."""
    return [
        label.model_copy(update={"box": (-label.box[2], label.box[1], -label.box[0], label.box[3])}) for label in found
    ]


def streets(found: Sequence[Label]) -> Iterator[int]:
    """The labels that are a street because a post code and a town stand right under them."""
    for number, label in enumerate(found):
        if postal.may_be_street(label.text):
            below = _under(found, number, TIGHT)
            if below is not None and postal.is_town(found[below].text):
                yield number


def around_street(found: Sequence[Label], street: int) -> Iterator[Value]:
    """The whole address that has `street` in it: the name right above, and town, post code, country below."""
    yield Value("address", street)
    above = _above(found, street)
    if above is not None and people.is_name(found[above].text, words=2):
        yield Value("name", above)
    here = street
    for _ in range(ADDRESS_LINES):
        below = _under(found, here, TIGHT)
        if below is None or not postal.goes_on(found[below].text):
            return
        yield Value("address", below)
        here = below


def _fits(text: str, beside: private.Label, certain: bool) -> bool:
    return not PLACEHOLDER.fullmatch(text.strip()) and private.fits(text, beside, certain)


def _of_a_person(found: Sequence[Label], number: int, personal: Sequence[bool]) -> bool:
    """Whether an e-mail or a telephone, or a heading for one, stands on the same row, or near in the same column."""
    here = found[number]
    for n, other in enumerate(found):
        if n != number and (personal[n] or private.CONTACT_LABEL.fullmatch(other.text.strip("*: "))):
            level = _level(other.box, here.box)
            column = (
                abs(other.box[0] - here.box[0]) <= here.height and abs(other.box[1] - here.box[1]) <= 9 * here.height
            )
            if level or column:
                return True
    return False


def _right_of(found: Sequence[Label], number: int) -> int | None:
    """The nearest label on the same row to the right, not further than a form's gap, or any when they are two alone."""
    here = found[number].box
    height = here[3] - here[1]
    level = [n for n, other in enumerate(found) if n != number and _level(here, other.box)]
    reach = FORM if len(level) > 1 else ALONE
    right = [n for n in level if -2 <= found[n].box[0] - here[2] <= reach * height]
    return min(right, key=lambda n: found[n].box[0], default=None)


def _under(found: Sequence[Label], number: int, reach: float) -> int | None:
    """The nearest label below that begins, ends or is centred where this one does, within `reach` heights."""
    here = found[number].box
    height = here[3] - here[1]
    below = [
        n
        for n, other in enumerate(found)
        if n != number and -0.4 * height <= other.box[1] - here[3] <= reach * height and _aligned(here, other.box)
    ]
    return min(below, key=lambda n: found[n].box[1], default=None)


def _table(found: Sequence[Label], number: int) -> list[int] | None:
    """The row of heads that this label is one of, left to right; None when it is none of three or more.

    It begins with the first that is known to stand over a column: left of it may be a menu.
    """
    level = [n for n, other in enumerate(found) if _level(found[number].box, other.box)]
    level.sort(key=lambda n: found[n].box[0])
    known = [at for at, n in enumerate(level) if private.is_head(found[n].text)]
    return level[known[0] :] if len(known) >= 2 and len(level) - known[0] >= 3 else None


def _cells(found: Sequence[Label], number: int, heads: Sequence[int]) -> Iterator[int]:
    """What stands under the head `number`, row by row, down to the first great gap.

    In a row of as many labels as there are heads, by its place in the row: a head may be centred over a wide column.
    """
    at, here = heads.index(number), found[number]
    left = (found[heads[at - 1]].box[2] + here.box[0]) / 2 if at else -math.inf
    right = (here.box[2] + found[heads[at + 1]].box[0]) / 2 if at + 1 < len(heads) else math.inf
    edge = here.box[3]
    for row in _rows_below(found, number, found[heads[0]].box[0] - 3 * here.height):
        if min(found[n].box[1] for n in row) - edge > ROW * here.height:
            return
        edge = max(found[n].box[3] for n in row)
        if len(row) == len(heads):
            yield row[at]
        else:
            yield from (n for n in row if left <= (found[n].box[0] + found[n].box[2]) / 2 <= right)


def _rows_below(found: Sequence[Label], number: int, begin: float) -> Iterator[list[int]]:
    """The labels below one and right of `begin`, in rows from the top, each from left to right."""
    top = found[number].box[3] - 0.4 * found[number].height
    left = [n for n, label in enumerate(found) if label.box[1] >= top and label.box[2] > begin]
    while left:
        first = min(left, key=lambda n: found[n].box[1] + found[n].box[3])
        row = [n for n in left if n == first or _level(found[first].box, found[n].box)]
        yield sorted(row, key=lambda n: found[n].box[0])
        left = [n for n in left if n not in row]


def _above(found: Sequence[Label], number: int) -> int | None:
    """The label right above that begins where this one does."""
    here = found[number].box
    height = here[3] - here[1]
    above = [
        n
        for n, other in enumerate(found)
        if -0.4 * height <= here[1] - other.box[3] <= TIGHT * height and abs(other.box[0] - here[0]) <= 0.5 * height
    ]
    return max(above, key=lambda n: found[n].box[3], default=None)


def _column(found: Sequence[Label], number: int, headings: Headings, certain: bool) -> Iterator[int]:
    """What stands under a heading, row by row, as long as it looks like what the heading says."""
    here = number
    reach = ROW if certain else 1.9
    while (below := _under(found, here, reach)) is not None and below not in headings:
        if not _fits(found[below].text, headings[number], certain):
            return
        yield below
        here = below


def _continued(found: Sequence[Label], first: int, heading: int, headings: Headings) -> Iterator[int]:
    """The further lines of an address: those right below that no other heading stands beside."""
    here = first
    for _ in range(ADDRESS_LINES - 1):
        below = _under(found, here, TIGHT)
        if below is None or below in headings or abs(found[below].box[0] - found[first].box[0]) > found[first].height:
            return
        left = found[heading].box
        beside = [
            n
            for n, o in enumerate(found)
            if n != below and _level(found[below].box, o.box) and o.box[0] < found[below].box[0]
        ]
        if any(abs(found[n].box[0] - left[0]) <= found[first].height for n in beside):
            return
        yield below
        here = below


def _level(a: Box, b: Box) -> bool:
    height = min(a[3] - a[1], b[3] - b[1])
    return min(a[3], b[3]) - max(a[1], b[1]) >= 0.5 * height


def _aligned(a: Box, b: Box) -> bool:
    height = a[3] - a[1]
    return (
        -0.7 * height <= b[0] - a[0] <= 1.6 * height
        or abs(b[2] - a[2]) <= 0.7 * height
        or abs((a[0] + a[2]) - (b[0] + b[2])) <= 0.6 * height
    )
