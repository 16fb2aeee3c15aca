"""Did it work? What a second picture says about the first, in words, and what follows from it.

The verdict is about what can be seen (`bot.screenshots.compare`); whether the problem is solved is the customer's to
say, so a conversation is only marked as seen resolved, never closed.
"""

from typing import NamedTuple

from bot.answering.extractive import on_one_line
from bot.screenshots.compare import Verdict, compare
from bot.screenshots.screen import Screen
from prompts import matches, say

FEW_WORDS = 4
"""A message of so many words beside a second picture asks about the picture and nothing else."""


class Proof(NamedTuple):
    """`lead` opens the answer; `whole`: nothing more needs to be said, `tried`: what was advised did not do it."""

    verdict: Verdict
    lead: str
    error: str
    whole: bool
    tried: bool


def proof(before: Screen, after: Screen, question: str, language: str = "en") -> Proof | None:
    """What `after` says about the error of `before`; None when it says nothing about it."""
    seen = compare(before, after)
    error = on_one_line(before.error or seen.error_before)
    if not error:
        return None
    match seen.verdict:
        case "gone":
            whole = asks_if_it_worked(question)
            lead = say("proof.gone", language, error=error)
            lead = f"{lead} {say('proof.gone_ask', language)}" if whole else lead
            return Proof("gone", lead, error, whole, tried=False)
        case "still":
            return Proof("still", say("proof.still", language, error=error), error, whole=False, tried=True)
        case "another":
            return Proof("another", say("proof.another", language, error=error), error, whole=False, tried=False)
        case _:
            return None


def asks_if_it_worked(question: str) -> bool:
    """Whether a message beside a second picture asks about that alone: few words, or the words for it."""
    return len(question.split()) <= FEW_WORDS or matches("triggers.worked", question)
