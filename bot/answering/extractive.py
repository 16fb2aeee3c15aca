"""The rung without a model: the article's own steps, one splitting question, or "I don't know".

Where the confidence leaves room for doubt, the next nearest articles stand under the quote, one press away.

It quotes and does not compose: every sentence about the product is a sentence of an article, so nothing can be made
up. It needs no network and cannot fail. It does not pretend to be a language model, and is not dressed up as one.
"""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from bot.answering.brief import Aim, Answer, Brief, Look, Words
from bot.conversation import Choice, Citation
from bot.knowledge.articles import Passage
from bot.knowledge.fusion import Hit
from prompts import matches, say

BOLD = re.compile(r"\*\*(.+?)\*\*")
END = re.compile(r"(?<!\n\d)(?<!^\d)[.!?](?=\s|$)|[^\s:](?=\n)")
"""Where a text may be cut: behind a sentence or a line, not behind a step's number or what announces a list."""
QUOTE_LIMIT = 700
"""Characters quoted of a passage that has no steps: about what a person reads before they act."""
SAME_PLACE = 90
"""Likeness (0 to 100) from which a step's last label and the screen's title are one place."""
OWN_WORDS = 6
"""A question of so many words stands on its own."""
ENOUGH_PHRASES, KNOWN_PHRASES = 6, 2
"""Of so many lines of two words or more, a screen of the help centre's own product shares at least so many with one
article; `tests/bench/foreign.py` prints how well that tells the two apart."""


@dataclass(frozen=True)
class Extractive:
    """Answers outright from `sure` on; between `unsure` and `sure` it asks which of the likeliest is meant.

    All three are calibrated confidences: the probability that the first article is right. Below `certain` what comes
    next is offered beside an answer. A customer is shown `choices` articles at most.
    """

    certain: float = 0.85
    sure: float = 0.5
    unsure: float = 0.12
    choices: int = 3
    name: str = "extractive"

    async def answer(self, brief: Brief) -> AsyncIterator[Words | Answer]:
        """Words line by line, then the answer."""
        answer = self.decide(brief)
        for line in answer.text.splitlines(keepends=True):
            yield Words(line)
        yield answer

    def decide(self, brief: Brief) -> Answer:
        """The whole answer at once: quote, ask, or say that it is not known; never what was said last once more."""
        answer = self._decide(brief)
        last = next((m.text for m in reversed(brief.history) if m.sender == "bot"), "")
        return self._nothing_new(brief) if last.strip() == answer.text.strip() and not brief.chosen else answer

    def _decide(self, brief: Brief) -> Answer:
        hits = brief.ranking.hits
        if brief.chosen:
            hits = tuple(h for h in hits if h.passage.article == brief.chosen) or hits
        wants_person = brief.called and matches("triggers.asks", brief.question)
        if not hits:
            return self._called(brief) if wants_person else self._unknown(brief)
        confidence = brief.ranking.confidence
        strange = foreign(brief)
        if brief.chosen or (confidence >= self.sure and not strange):
            return self._quote(brief, hits, confidence)
        if wants_person:
            return self._called(brief)
        likely = _distinct(hits)[: self.choices]
        if confidence >= self.unsure and len(likely) > 1:
            return self._ask(brief, likely, confidence, strange=strange)
        return self._unknown(brief, strange=strange)

    def _quote(self, brief: Brief, hits: Sequence[Hit], confidence: float) -> Answer:
        passage = hits[0].passage
        doubted = not brief.chosen and confidence < self.certain
        others = _choices(_distinct(hits)[1 : self.choices]) if doubted else ()
        look = brief.looks[-1] if brief.looks else None
        start = reached(passage.steps, look.screen.where) if look else 0
        steps = passage.steps[start:]
        paragraphs = [
            _seen(look, brief.language),
            say("answering.from_article", brief.language, title=_title(passage), n=1),
        ]
        if start and look:
            paragraphs.append(say("answering.start_here", brief.language, where=look.screen.where))
        paragraphs.append(_numbered(steps) if steps else shortened(passage.text))
        paragraphs += [say("answering.warning", brief.language, text=w, n=1) for w in passage.warnings[:2]]
        return Answer(
            text=_joined(paragraphs),
            citations=(_citation(1, passage),),
            choices=others,
            aims=tuple(aims(steps, look)) if look else (),
            confidence=confidence,
            answered=True,
            model=self.name,
        )

    def _ask(self, brief: Brief, likely: Sequence[Hit], confidence: float, *, strange: bool) -> Answer:
        look = brief.looks[-1] if brief.looks else None
        text = _joined(
            [
                _seen(look, brief.language),
                say("answering.other_product", brief.language) if strange else "",
                say("answering.which", brief.language),
            ]
        )
        return Answer(
            text=text,
            choices=_choices(likely),
            confidence=confidence,
            model=self.name,
        )

    def _called(self, brief: Brief) -> Answer:
        """They asked for a person, who is called: nothing else is wanted, and what helps that person is."""
        return Answer(text=say("answering.called", brief.language), model=self.name)

    def _nothing_new(self, brief: Brief) -> Answer:
        """The same question would get the same answer: say so, and who knows more."""
        more = _person(brief)
        text = f"{say('answering.nothing_new', brief.language)} {more}"
        return Answer(text=text, confidence=brief.ranking.confidence, model=self.name, handoff="nothing new to say")

    def _unknown(self, brief: Brief, *, strange: bool = False) -> Answer:
        look = brief.looks[-1] if brief.looks else None
        unreadable = look is not None and not look.screen.legible
        paragraphs = [
            say("answering.unreadable", brief.language, reason=look.screen.told(brief.language))
            if look and unreadable
            else _seen(look, brief.language),
            say("answering.other_product", brief.language) if strange else "",
            say("answering.nothing", brief.language)
            + " "
            + say("answering.looked_for", brief.language, what=_looked_for(brief)),
            _person(brief) if brief.question or look else say("answering.ask_for_more", brief.language),
        ]
        return Answer(
            text=_joined(paragraphs),
            confidence=brief.ranking.confidence,
            model=self.name,
            handoff="no article answers this",
        )


def foreign(brief: Brief) -> bool:
    """Whether the picture seems to be of another product: it has words enough, and next to none of them is known here.

    Confidence cannot tell: it was learned on screens of the product that the help centre is about. Whoever asks in
    more than a few words is answered by those.
    """
    if not brief.looks or len(brief.question.split()) >= OWN_WORDS:
        return False
    phrases = [line for line in brief.looks[-1].screen.lines if " " in line.text.strip()]
    known = (sum(" " in line.strip() for line in hit.decided_by) for hit in brief.ranking.hits[:3])
    return len(phrases) >= ENOUGH_PHRASES and max(known, default=0) < KNOWN_PHRASES


def reached(steps: Sequence[str], where: str) -> int:
    """How many steps the customer has behind them: those up to the one that ends at the page they are on.

    A step ends at a page when its last label is the screen's title; the screen's other words are no proof, since a
    menu shows every page's name at all times.
    """
    here = re.split(r"\s*[>›/]\s*", where)[-1].casefold().strip()
    if not here:
        return 0
    behind = 0
    for number, step in enumerate(steps[:-1], 1):
        labels = BOLD.findall(step)
        last = re.split(r"\s*[>›→]\s*", labels[-1])[-1].casefold().strip() if labels else ""
        if last and fuzz.ratio(last, here) >= SAME_PLACE:
            behind = number
    return behind


def aims(steps: Sequence[str], look: Look) -> Iterator[Aim]:
    """One aim per step that names a control, in order; whether each is on the picture is grounding's to say."""
    for number, step in enumerate(steps, 1):
        if BOLD.search(step):
            yield Aim(attachment_id=look.attachment.id, instruction=step, step=number)


def on_one_line(error: str) -> str:
    """An error's headline and body as one sentence may quote them."""
    return " – ".join(error.split("\n"))


def shortened(text: str, limit: int = QUOTE_LIMIT) -> str:
    """Whole paragraphs of `text`, then whole lines and sentences, up to `limit` characters; never half a sentence."""
    kept: list[str] = []
    room = limit
    for paragraph in text.strip().split("\n\n"):
        if len(paragraph) > room:
            ends = [match.end() for match in END.finditer(paragraph) if match.end() <= room]
            if ends:
                kept.append(paragraph[: ends[-1]])
            break
        kept.append(paragraph)
        room -= len(paragraph)
    return "\n\n".join(kept) or text.strip()[:limit].rsplit(" ", 1)[0] + " …"


def _choices(hits: Sequence[Hit]) -> tuple[Choice, ...]:
    return tuple(Choice(text=_title(hit.passage), article=hit.passage.article) for hit in hits)


def _distinct(hits: Sequence[Hit]) -> list[Hit]:
    """Hits whose titles differ: two buttons with the same words would be no choice."""
    by_title: dict[str, Hit] = {}
    for hit in hits:
        by_title.setdefault(_title(hit.passage).casefold(), hit)
    return list(by_title.values())


def _seen(look: Look | None, language: str) -> str:
    if look is None:
        return ""
    if look.screen.error:
        return say("answering.saw_error", language, error=on_one_line(look.screen.error))
    return say("answering.saw_where", language, where=look.screen.where) if look.screen.where else ""


def _person(brief: Brief) -> str:
    """Where a person is to be had; nothing is offered that is under way."""
    return say("answering.person_comes" if brief.called else "answering.offer_person", brief.language)


def _looked_for(brief: Brief) -> str:
    look = brief.looks[-1] if brief.looks else None
    if look and look.screen.error:
        return say("answering.looked_for_error", brief.language, error=on_one_line(look.screen.error))
    if brief.question:
        return say("answering.looked_for_words", brief.language, question=brief.question[:120])
    return say("answering.looked_for_screen", brief.language)


def _title(passage: Passage) -> str:
    return passage.title or passage.article


def _citation(n: int, passage: Passage) -> Citation:
    return Citation(n=n, article=passage.article, title=_title(passage), url=passage.url, quote=passage.text[:200])


def _numbered(steps: Sequence[str]) -> str:
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))


def _joined(paragraphs: Sequence[str]) -> str:
    return "\n\n".join(p for p in paragraphs if p)
