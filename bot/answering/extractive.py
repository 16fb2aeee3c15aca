"""The rung without a model: the article's own steps, one splitting question, or "I don't know".

Where the confidence leaves room for doubt, the next nearest articles stand under the quote, one press away.

It quotes and does not compose: every sentence about the product is a sentence of an article, so nothing can be made
up. It needs no network and cannot fail. It does not pretend to be a language model, and is not dressed up as one.
"""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

from babel import Locale, UnknownLocaleError
from rapidfuzz import fuzz

from bot.answering import buttons
from bot.answering.brief import Aim, Answer, Brief, Look, Words
from bot.answering.offer import CONSIDERED, Limits
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
STRANGE = 0.5
"""Probability that a screen belongs to the help centre's product, below which it is asked whether it does."""
OWN_WORDS = 6
"""A question of so many words stands on its own, whatever the picture shows."""
PLACE = re.compile(r"(?!.*[.:…?!]$)[^\W_].{1,59}")
"""What may be a page's name: not cut, no sentence, no sign."""
PLACE_WORDS, PLACE_LETTERS, MOSTLY = 7, 3, 0.7
NUMBERED = re.compile(r"^(\w+ )?(\d+(\.\d+)+|\d+[.:)])[.:)]?\s+")
"""What counts a heading among others: "Step 3:", "3.2", "1."."""
ROOM = 80
"""Characters of a button: two lines of the widget."""


@dataclass(frozen=True)
class Extractive(Limits):
    """Quotes, asks, or says that it does not know, within the limits."""

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
        return self._nothing_new(brief) if last.strip() == answer.text.strip() and not brief.pressed else answer

    def _decide(self, brief: Brief) -> Answer:
        hits = brief.ranking.hits
        if brief.pressed and not brief.pressed.article:
            return self._refused(brief)
        wants_person = brief.called and matches("triggers.asks", brief.question)
        if not hits:
            return self._called(brief) if wants_person else self._unknown(brief)
        confidence = brief.ranking.confidence
        picked = [hit for hit in hits if brief.pressed and hit.passage.article == brief.pressed.article]
        if picked:
            return self._quote(brief, picked[:1], confidence)
        named = buttons.names([hit.passage for hit in hits[:CONSIDERED]])
        offer = self.offered(confidence, named)
        shown = [hits[place] for place in offer.places]
        if offer.outright:
            return self._quote(brief, shown, confidence)
        if wants_person:
            return self._called(brief)
        return self._ask(brief, shown, confidence) if shown else self._unknown(brief)

    def _quote(self, brief: Brief, hits: Sequence[Hit], confidence: float) -> Answer:
        """The first hit's words, and the others on buttons."""
        passage = hits[0].passage
        named = buttons.names([hit.passage for hit in hits])
        look = spoken_for(hits[0], brief.looks)
        start = reached(passage.steps, look.screen.where) if look else 0
        steps = passage.steps[start:]
        paragraphs = [
            _seen(look, brief.language),
            say("answering.from_article", brief.language, title=_title(passage), n=1),
            _in_their_words(hits[0].language, brief.language),
        ]
        if start and look:
            paragraphs.append(say("answering.start_here", brief.language, where=look.screen.where))
        paragraphs.append(_numbered(steps) if steps else shortened(passage.text))
        paragraphs += [say("answering.warning", brief.language, text=w, n=1) for w in passage.warnings[:2]]
        return Answer(
            text=_joined(paragraphs),
            citations=(_citation(1, passage),),
            choices=_choices(hits[1:], named[1:]),
            aims=tuple(aims(steps, look)) if look else (),
            confidence=confidence,
            answered=True,
            model=self.name,
        )

    def _ask(self, brief: Brief, likely: Sequence[Hit], confidence: float) -> Answer:
        """One question: what all titles say in its words, what tells them apart on the buttons."""
        shared, apart = buttons.parted(buttons.names([hit.passage for hit in likely]))
        which = say("answering.which_of", brief.language, shared=shared) if shared else ""
        text = _joined(
            [
                _seen(brief.looks[-1] if brief.looks else None, brief.language),
                say("answering.other_product", brief.language) if strange(brief) else "",
                which or say("answering.which", brief.language),
            ]
        )
        none = Choice(text=say("answering.none_of_these", brief.language))
        choices = (*_choices(likely, _with_parts(likely, apart)), none)
        return Answer(text=text, choices=choices, confidence=confidence, model=self.name)

    def _refused(self, brief: Brief) -> Answer:
        """They pressed that none of the choices is it."""
        text = f"{say('answering.none_of_them', brief.language)} {_person(brief)}"
        return Answer(text=text, model=self.name, handoff="none of the choices was it")

    def _called(self, brief: Brief) -> Answer:
        """They asked for a person, who is called: nothing else is wanted, and what helps that person is."""
        return Answer(text=say("answering.called", brief.language), model=self.name)

    def _nothing_new(self, brief: Brief) -> Answer:
        """The same question would get the same answer: say so, and who knows more."""
        more = _person(brief)
        text = f"{say('answering.nothing_new', brief.language)} {more}"
        return Answer(text=text, confidence=brief.ranking.confidence, model=self.name, handoff="nothing new to say")

    def _unknown(self, brief: Brief) -> Answer:
        look = brief.looks[-1] if brief.looks else None
        unreadable = look is not None and not look.screen.legible
        paragraphs = [
            say("answering.unreadable", brief.language, reason=look.screen.told(brief.language))
            if look and unreadable
            else _seen(look, brief.language),
            say("answering.other_product", brief.language) if brief.ranking.hits and strange(brief) else "",
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


def spoken_for(hit: Hit, looks: Sequence[Look]) -> Look | None:
    """Of several pictures the one whose lines speak for the article; of equals the newest."""

    def lines(look: Look) -> int:
        return len({line.text for line in look.screen.lines}.intersection(hit.decided_by))

    return max(reversed(looks), key=lines, default=None)


def strange(brief: Brief) -> bool:
    """Whether the picture seems to be of another product, and the question does not stand on its own."""
    return bool(brief.looks) and len(brief.question.split()) < OWN_WORDS and brief.ranking.belongs < STRANGE


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


def _choices(hits: Sequence[Hit], named: Sequence[str]) -> tuple[Choice, ...]:
    return tuple(Choice(text=name, article=hit.passage.article) for hit, name in zip(hits, named, strict=True))


def _with_parts(hits: Sequence[Hit], named: Sequence[str]) -> list[str]:
    """The names, each with the part of its article that it would be, where there is room: a title alone says less."""
    parts = [NUMBERED.sub("", hit.passage.headings[-1]) if hit.passage.headings else "" for hit in hits]
    return [
        f"{name}: {part}" if part and part.casefold() not in name.casefold() and len(name) + len(part) <= ROOM else name
        for name, part in zip(named, parts, strict=True)
    ]


def readable(where: str) -> bool:
    """Whether this reads as the name of a page: what a crop has cut, an icon or a sentence is better not said."""
    letters = [sign for sign in where if sign.isalpha()]
    return (
        PLACE.fullmatch(where) is not None
        and not where[0].islower()
        and len(where.split()) <= PLACE_WORDS
        and len(letters) >= PLACE_LETTERS
        and len(letters) >= MOSTLY * len(where.replace(" ", ""))
    )


def _seen(look: Look | None, language: str) -> str:
    if look is None:
        return ""
    if look.screen.error:
        return say("answering.saw_error", language, error=on_one_line(look.screen.error))
    return say("answering.saw_where", language, where=look.screen.where) if readable(look.screen.where) else ""


def _in_their_words(language: str, wanted: str) -> str:
    """That an article is in another language than the customer's, where it is."""
    if language in ("", wanted):
        return ""
    try:
        name = Locale.parse(language).get_language_name(wanted)
    except (UnknownLocaleError, ValueError):
        name = None
    return say("answering.other_language", wanted, named=name or language)


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
