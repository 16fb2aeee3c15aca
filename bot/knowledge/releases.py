"""Whether a product's release is one that an article is for: `8`, `8.x`, `8.2`, `8+`, `>=8.2 <9`, `7 - 9`, or a name.

A customer on 8.2.1 reads what is written for 8 and for 8.2; who says 8 alone reads what is written for any 8. Not here:
where an article says it (`sources`), the index's own versions (`versions`).
"""

import re
from functools import lru_cache

Numbers = tuple[int, ...]

NUMBER = re.compile(r"(?:v|version|release)?[\s.-]?(\d{1,9}(?:\.\d{1,9}){0,5})(?:\.[x*])?(?:[-+ ]?[a-z][\w.-]*)?")
BOUND = re.compile(r"(>=|<=|>|<|=)\s*(\S+)")
RANGE = re.compile(r"(\S+)\s*(?:-|–|\.\.|\bto\b)\s*(\S+)")


@lru_cache(maxsize=4096)
def fits(has: str, said: str) -> bool:
    """Whether who has release `has` is among those that an article for `said` is for."""
    has, said = has.strip().casefold(), said.strip().casefold()
    if has == said:
        return True
    own = _numbers(has)
    if own is None:
        return False
    if bounds := BOUND.findall(said):
        return all(_keeps(own, how, _numbers(bound)) for how, bound in bounds)
    if said.endswith("+"):
        return _keeps(own, ">=", _numbers(said[:-1]))
    if (exact := _numbers(said)) is not None:
        return _keeps(own, "=", exact)
    if between := RANGE.fullmatch(said):
        low, high = _numbers(between[1]), _numbers(between[2])
        return low is not None and high is not None and _keeps(own, ">=", low) and _keeps(own, "<=", high)
    return False


def _keeps(own: Numbers, how: str, bound: Numbers | None) -> bool:
    """Whether a release keeps to a bound, as far as both are told: 8.2 is a release of 8."""
    if bound is None:
        return False
    told = min(len(own), len(bound))
    one, other = own[:told], bound[:told]
    match how:
        case ">=":
            return one >= other
        case "<=":
            return one <= other
        case ">":
            return one > other
        case "<":
            return one < other
        case _:
            return one == other


def _numbers(text: str) -> Numbers | None:
    match = NUMBER.fullmatch(text.strip())
    return tuple(int(part) for part in match[1].split(".")) if match else None
