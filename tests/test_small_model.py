"""A small model is asked first; whether it is sure is measured, and nobody sees what it said before that."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from bot.answering.brief import Answer, Brief, Words
from bot.answering.fallback import Item, Ladder, Limits, Restart
from bot.answering.rungs import open_rungs
from tests.answering_parts import RANKING, brief, look, parts
from tests.stand_in import StandIn, stand_in

ANOTHER = "Open **Members** and press **Invite** [2]."
UNSURE = RANKING.model_copy(update={"confidence": 0.3})


@asynccontextmanager
async def ladder(small: StandIn, big: StandIn, limits: Limits | None = None) -> AsyncIterator[Ladder]:
    """The small model, the big one, the articles."""
    names = [f"openai:good@{small.url} small=yes", f"openai:good@{big.url}", "extractive"]
    async with open_rungs(names, parts()) as rungs:
        yield Ladder(rungs, limits)


async def answered(asked: Brief, limits: Limits | None = None, **of_small: object) -> tuple[Sequence[Item], int, int]:
    """What the customer saw, and how often each model was asked."""
    async with stand_in(pause=0, **of_small) as small, stand_in(pause=0) as big, ladder(small, big, limits) as both:
        items = [item async for item in both.answer(asked)]
        return items, len(small.asked), len(big.asked)


def said(items: Sequence[Item]) -> str:
    assert not [item for item in items if isinstance(item, Restart)], "what was said was taken back"
    answer = items[-1]
    assert isinstance(answer, Answer)
    assert "".join(item.text for item in items if isinstance(item, Words)) == answer.text
    return answer.text


async def test_when_it_is_sure_nobody_else_is_asked() -> None:
    items, small, big = await answered(brief())
    assert (small, big) == (1, 0)
    assert "Try again" in said(items)
    assert len([item for item in items if isinstance(item, Words)]) == 1, "it is shown whole, once it is judged"


@pytest.mark.parametrize(
    ("asked", "of_small"),
    [
        (brief(), {"answer": ANOTHER}),  # not the article that the search puts first
        (brief(), {"answer": "That is a good question."}),  # no article at all
        (brief(), {"probability": 0.4}),  # its own words were unlikely
        (brief(ranking=UNSURE), {}),  # the search is not sure, and the server tells no probabilities
        (brief(ranking=UNSURE), {"probability": 0.8}),  # nor were its own words likely enough
    ],
)
async def test_when_it_is_not_sure_the_big_one_answers_and_nothing_is_taken_back(
    asked: Brief, of_small: dict[str, object]
) -> None:
    items, small, big = await answered(asked, **of_small)
    assert (small, big) == (1, 1)
    assert "Try again" in said(items)


async def test_what_a_small_model_used_in_vain_is_in_the_bill() -> None:
    async with (
        stand_in(pause=0, usage=(900, 50), answer=ANOTHER) as small,
        stand_in(pause=0, usage=(1000, 200)) as big,
        ladder(small, big) as both,
    ):
        answer = [item async for item in both.answer(brief())][-1]
    assert isinstance(answer, Answer)
    assert (answer.usage.read, answer.usage.written) == (1900, 250)


async def test_words_that_were_likely_make_up_for_a_search_that_is_not_sure() -> None:
    items, small, big = await answered(brief(ranking=UNSURE), probability=0.95)
    assert (small, big) == (1, 0)
    assert isinstance(items[-1], Answer)
    assert items[-1].certainty == pytest.approx(0.95, abs=0.01)


async def test_it_must_be_done_within_its_share_of_the_time_for_a_first_word() -> None:
    limits = Limits(first_word=1.0)
    async with stand_in(pause=0.5) as small, stand_in(pause=0) as big, ladder(small, big, limits) as both:
        items = [item async for item in both.answer(brief())]
        assert (len(small.asked), len(big.asked)) == (1, 1)
    assert "Try again" in said(items)


async def test_it_is_not_even_asked_about_a_picture_whose_text_cannot_do() -> None:
    """By its name it sees no pixels, and only a part of the picture could be read."""
    items, small, big = await answered(brief(looks=[look(outcome="partly")]))
    assert (small, big) == (0, 1)
    assert "Try again" in said(items)


async def test_probabilities_are_asked_for_where_they_are_needed() -> None:
    async with stand_in(pause=0, answer=ANOTHER) as small, stand_in(pause=0) as big, ladder(small, big) as both:
        [_ async for _ in both.answer(brief())]
        assert small.asked[0]["logprobs"] is True
        assert "logprobs" not in big.asked[0]
