"""What answering N users a day costs: an API, a small card, a big one, or a mix; and where the advice flips.

Pure arithmetic on a dated price file (`prices.toml`) and on what a question costs in tokens; nothing here is measured
on a GPU. A card's speed is its data sheet's, times the share of it that served models were seen to reach.
"""

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from math import ceil
from typing import Literal

from bot.conversation import Noun

PARAMETERS = 7.6e9
"""Of Qwen3-VL-8B's language part, head included."""
KEPT_BYTES = 147_456
"""Keys and values of one token."""
VISION_FLOPS = 5.3e9
"""Of the vision tower for one image token."""
REACHED = 0.45
"""Share of the roofline that a served model was seen to reach."""
MOST_ROWS = 64
HOURS = 24
RULE = "Above 1,000 users a day dedicated GPUs become too dear: use distilled or API models."
"""The rule of thumb of the trade, printed beside what the arithmetic says."""


class Api(Noun):
    """Dollars per million tokens."""

    name: str
    input: float
    output: float


class Card(Noun):
    """A rented GPU: dollars an hour, and its data sheet."""

    name: str
    hour: float
    tflops: float
    bandwidth: float
    memory: float
    weight_bytes: int


class Prices(Noun):
    """A dated price file."""

    date: str
    api: tuple[Api, ...]
    card: tuple[Card, ...]


class Demand(Noun):
    """What users ask. Tokens are of one question that goes to a model."""

    users: int
    questions: float = 3.0
    """A user and day."""
    without_model: float = 0.0
    """Share of questions that are answered without a model."""
    image_tokens: int = 1260
    """A screenshot of 1440 by 900 for Qwen3-VL; 0 where the screen's words are enough."""
    text_tokens: int = 1500
    output_tokens: int = 250
    peak: float = 0.12
    """Share of a day's questions in its busiest hour; each hour after that, in order of size, has a fixed part less."""
    full: float = 0.6
    """How full cards may be in that hour."""

    @property
    def asked(self) -> float:
        """Questions a day that go to a model."""
        return self.users * self.questions * (1 - self.without_model)

    def beyond(self, hourly: float) -> float:
        """Questions of a day that come in hours of more than `hourly`, beyond that."""
        return sum(max(0.0, self.asked * share - hourly) for share in _hours(self.peak))


@cache
def _hours(peak: float) -> tuple[float, ...]:
    """Shares of a day's hours, the busiest first: `peak`, and so much less each time that they add up to one."""
    low, high = 0.0, 1.0
    for _ in range(50):
        less = (low + high) / 2
        low, high = (less, high) if peak * sum(less**hour for hour in range(HOURS)) < 1 else (low, less)
    return tuple(peak * low**hour for hour in range(HOURS))


class Option(Noun):
    """One way to answer a day's questions."""

    name: str
    kind: Literal["api", "own", "mix"]
    day: float
    """Dollars a day."""
    cards: int = 0
    busy: float = 0.0
    """Share of the cards' time in the busiest hour."""


def read(text: str | None = None) -> Prices:
    """The price file in `text`, else the one that ships. Raises ValueError when it does not parse."""
    text = text if text is not None else files(__package__).joinpath("prices.toml").read_text("utf-8")
    return Prices.model_validate(tomllib.loads(text))


def options(demand: Demand, prices: Prices, *, redundant: bool = False) -> list[Option]:
    """Every way, the cheapest first. `redundant` keeps one card more than needed."""
    ways = [Option(name=api.name, kind="api", day=demand.asked * question_price(api, demand)) for api in prices.api]
    cheapest = min(prices.api, key=lambda api: question_price(api, demand))
    for card in prices.card:
        ways += _own(card, cheapest, demand, redundant)
    return sorted(ways, key=lambda way: way.day)


def listed(model: str, prices: Prices) -> Api | None:
    """The API of the price file that a provider's name of a model means: `claude-haiku-4-5-20251001` is Claude Haiku
    4.5. None when none does."""
    name = _plain(model)
    found = [api for api in prices.api if name.startswith(_plain(api.name))]
    return max(found, key=lambda api: len(api.name), default=None)


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def question_price(api: Api, demand: Demand) -> float:
    """Dollars of one question at an API."""
    taken = demand.image_tokens + demand.text_tokens
    return (taken * api.input + demand.output_tokens * api.output) / 1e6


def card_rate(card: Card, demand: Demand) -> float:
    """Questions a second that one card answers: prefill, then its share of batched decode."""
    taken = demand.image_tokens + demand.text_tokens
    prefill = (2 * PARAMETERS * taken + VISION_FLOPS * demand.image_tokens) / (card.tflops * 1e12)
    context = (taken + demand.output_tokens / 2) * KEPT_BYTES
    weights = PARAMETERS * card.weight_bytes
    rows = min(MOST_ROWS, int((card.memory * 1e9 * 0.9 - weights) / context))
    if rows < 1:
        return 0.0
    step = (weights + rows * context) / (card.bandwidth * 1e9)
    return REACHED / (prefill + demand.output_tokens * step / rows)


def flips(demand: Demand, prices: Prices, *, redundant: bool = False, most: int = 200_000) -> Iterator[tuple[int, str]]:
    """The exact numbers of users a day from which another kind of way is the cheapest, and its name; the first is 1."""

    def best(users: int) -> Option:
        return options(demand.model_copy(update={"users": users}), prices, redundant=redundant)[0]

    low, found = 1, best(1)
    yield 1, found.name
    users = 1
    while users < most:
        users = max(users + 1, int(users * 1.02))
        now = best(users)
        if now.kind == found.kind:
            low = users
            continue
        high = users
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if best(middle).kind == found.kind else (low, middle)
        found, low = best(high), high
        yield high, found.name


def _own(card: Card, overflow: Api, demand: Demand, redundant: bool) -> Iterator[Option]:
    """The card alone, as many as the busiest hour needs; and one fewer, with an API for what is too much for those."""
    rate = card_rate(card, demand)
    if not rate:
        return
    busiest = demand.asked * demand.peak
    hourly = rate * 3600 * demand.full
    needed = max(1, ceil(busiest / hourly))
    cards = needed + redundant
    yield Option(
        name=f"{cards} x {card.name}" if cards > 1 else card.name,
        kind="own",
        day=cards * HOURS * card.hour,
        cards=cards,
        busy=busiest / (cards * rate * 3600),
    )
    if needed > 1:
        fewer = cards - 1
        spilled = demand.beyond((needed - 1) * hourly)
        yield Option(
            name=f"{fewer} x {card.name}, what is too much to {overflow.name}",
            kind="mix",
            day=fewer * HOURS * card.hour + spilled * question_price(overflow, demand),
            cards=fewer,
            busy=min(demand.full, busiest / (fewer * rate * 3600)),
        )
