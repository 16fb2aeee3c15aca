"""Pure: which of the articles' own pictures no longer show what customers see.

A customer's screen bears witness about an article's picture when it shows the same page, and about a label of it only
where it shows what stands around that label: a crop, or a page scrolled elsewhere, says nothing of what is outside. A
label is the product's when an article names it (bold, code or quotes); what several customers' screens have alike and
the picture lacks is new. A label that is only missing may belong to a menu that was closed, so a picture is named when
something new stands in a label's place, when several new things stand between its own, or when the page has another
title; a label that was taken away without a trace is not told.
Not here: whose screens these are (`gaps`), the report (`gap_report`), looking at pictures.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from bot.conversation import Answered, Event, Found, Noun, fold
from bot.knowledge.articles import Passage, Picture
from bot.screenshots.grounding import plain

ALIKE = 85.0
"""Likeness (0 to 100) from which two lines say the same and differ by what was misread."""
SAME_PAGE, FEWEST_LINES = 0.4, 4
"""A screen shows a picture's page when it has this share of the smaller one's lines, and at least so many."""
AROUND = 5
"""Lines before and after a line in which something must be seen alike for its place to be seen."""
CUSTOMERS = 3
"""Conversations that must bear witness."""
MOST, FEW = 0.8, 0.2
"""Shares of the witnesses: what most have is there, what few have is not."""
SEVERAL = 2
SHORTEST = 3
"""Letters of a label; shorter ones are icons and numbers."""


class Witness(Noun):
    """A customer's screen. `at` is Unix ms; `articles` are those that its conversation was about; `lines` as read."""

    conversation: str
    attachment_id: str
    at: int
    articles: tuple[str, ...]
    where: str = ""
    lines: tuple[str, ...] = ()


class Outdated(Noun):
    """An article's picture that differs from what customers see; the newest of their screens comes first."""

    article: str
    title: str
    passage: int
    picture: Picture
    conversations: int
    gone: tuple[str, ...] = ()
    """Labels that it shows and customers do not see: something new stands in their place."""
    new: tuple[str, ...] = ()
    """What customers see between its labels and it does not show."""
    title_now: str = ""
    """The page's title on customers' screens, where it is no longer the picture's."""
    attachments: tuple[str, ...] = ()


def witnesses(conversation_id: str, log: Sequence[tuple[int, Event | None]]) -> Iterator[Witness]:
    """The screens that a conversation's answers were about, without their lines, with the articles that were found."""
    conversation = fold(conversation_id, log)
    at = {event.turn: event_id for event_id, event in log if isinstance(event, Answered)}
    found = {event.turn: [p.article for p in event.passages] for _, event in log if isinstance(event, Found)}
    for turn, answer in sorted(conversation.answers.items()):
        articles = dict.fromkeys([*(c.article for c in answer.citations), *found.get(turn, [])])
        for message in conversation.messages:
            if message.id in answer.to and message.sender == "customer":
                for attachment in message.attachments:
                    seen = conversation.seen.get(attachment.id)
                    yield Witness(
                        conversation=conversation_id,
                        attachment_id=attachment.id,
                        at=at[turn],
                        articles=tuple(articles),
                        where=seen.where if seen else "",
                    )


def outdated(passages: Iterable[Passage], screens: Sequence[Witness]) -> list[Outdated]:
    """The pictures of these passages that no longer match, those that most customers met first."""
    passages = list(passages)
    labels = {plain(label) for p in passages for label in (*p.labels, *p.headings, p.title)}
    pages = {
        (p.article, p.number, n): _Page(p, picture, labels)
        for p in passages
        for n, picture in enumerate(p.pictures)
        if picture.text
    }
    for screen in sorted(screens, key=lambda s: -s.at):
        own = [page for (article, *_), page in pages.items() if article in screen.articles]
        views = [view for page in own if (view := _view(page, screen))]
        if views:  # a screen shows one page: of two pictures that are alike, it speaks of the one that is more so
            best = max(views, key=lambda view: view.share)
            best.page.views.append(best)
    found = [differs for page in pages.values() if (differs := page.differs())]
    return sorted(found, key=lambda o: (-o.conversations, o.article, o.passage))


class _Page:
    """One picture of an article, and the screens that show its page."""

    def __init__(self, passage: Passage, picture: Picture, labels: set[str]) -> None:
        self.passage, self.picture, self.labels = passage, picture, labels
        self.lines = _lines(picture.text.splitlines())
        self.views: list[_View] = []

    def differs(self) -> Outdated | None:
        """What the views say of the picture, None when they say that it still matches, or too little."""
        customers = {view.screen.conversation for view in self.views}
        if len(customers) < CUSTOMERS:
            return None
        new, title = self._new(), self._title()
        gone = [line.text for n, line in enumerate(self.lines) if self._product(line) and self._replaced(n, new)]
        if not (gone or title or len(new) >= SEVERAL):
            return None
        return Outdated(
            article=self.passage.article,
            title=self.passage.title,
            passage=self.passage.number,
            picture=self.picture,
            conversations=len(customers),
            gone=tuple(dict.fromkeys(gone)),
            new=tuple(dict.fromkeys(text for text, _ in new)),
            title_now=title,
            attachments=tuple(dict.fromkeys(view.screen.attachment_id for view in self.views)),
        )

    def _product(self, line: "_Line") -> bool:
        return len(line.key) >= SHORTEST and line.key in self.labels

    def _replaced(self, n: int, new: Sequence[tuple[str, int]]) -> bool:
        """Whether the screens that show its surroundings lack line `n`, and have a new one there."""
        if not any(before < n <= before + AROUND for _, before in new):
            return False
        seen: dict[str, bool] = {}
        for view in self.views:
            if view.met[n] or view.around(n):
                seen[view.screen.conversation] = seen.get(view.screen.conversation, False) or bool(view.met[n])
        return len(seen) >= CUSTOMERS and sum(seen.values()) <= FEW * len(seen)

    def _new(self) -> list[tuple[str, int]]:
        """(a line that customers have between the picture's own, the place of the picture's line before it)."""
        groups: list[_New] = []
        for view in self.views:
            for text, key, place in view.unmet():
                group = next((g for g in groups if fuzz.ratio(g.key, key) >= ALIKE), None)
                if group is None:
                    groups.append(group := _New(key))
                group.who.add(view.screen.conversation)
                group.said[text, place] += 1
        return [said for group in groups if len(group.who) >= CUSTOMERS and (said := self._usual(group))]

    def _usual(self, new: "_New") -> tuple[str, int] | None:
        """How a new line reads most often and its place, None where few of those who see that place have it."""
        (text, place), _ = new.said.most_common(1)[0]
        asked = {view.screen.conversation for view in self.views if view.met[place] and view.around(place + 1)}
        return (text, place) if len(new.who) >= MOST * len(asked | new.who) else None

    def _title(self) -> str:
        """The title that most customers see, where it is not the picture's."""
        titles: dict[str, set[str]] = {}
        for view in self.views:
            if view.screen.where:
                titles.setdefault(view.screen.where, set()).add(view.screen.conversation)
        if not (self.picture.title and titles):
            return ""
        title, who = max(titles.items(), key=lambda pair: len(pair[1]))
        everyone = {view.screen.conversation for view in self.views}
        same = fuzz.ratio(plain(title), plain(self.picture.title)) >= ALIKE
        return "" if same or len(who) < max(CUSTOMERS, MOST * len(everyone)) else title


@dataclass(frozen=True)
class _Line:
    text: str
    key: str


@dataclass
class _New:
    """A line that the picture lacks: who has it, and how often it reads so, behind which of the picture's lines."""

    key: str
    who: set[str] = field(default_factory=set)
    said: Counter[tuple[str, int]] = field(default_factory=Counter)


@dataclass(frozen=True)
class _View:
    """A screen beside a picture of the same page: for each line of either, the other's line that says the same."""

    page: _Page
    screen: Witness
    lines: list[_Line]
    likeness: NDArray[np.float32]
    """picture's lines x screen's lines."""

    @cached_property
    def met(self) -> NDArray[np.bool_]:
        """Which of the picture's lines the screen has."""
        return np.asarray(self.likeness.max(axis=1, initial=0) >= ALIKE)

    @cached_property
    def known(self) -> NDArray[np.bool_]:
        """Which of the screen's lines the picture has."""
        return np.asarray(self.likeness.max(axis=0, initial=0) >= ALIKE)

    @property
    def share(self) -> float:
        """The share of the smaller one's lines that both have."""
        return float(self.met.sum()) / max(1, min(len(self.met), len(self.known)))

    def around(self, n: int) -> bool:
        """Whether the screen shows what stands around the picture's line `n`."""
        return _between(self.met, n)

    def unmet(self) -> Iterator[tuple[str, str, int]]:
        """(text, key, place of the picture's line before it) of the screen's lines between those that both have."""
        for n, line in enumerate(self.lines):
            if not self.known[n] and len(line.key) >= SHORTEST and not line.key.isdigit() and _between(self.known, n):
                before = max(i for i in range(max(0, n - AROUND), n) if self.known[i])
                yield line.text, line.key, int(self.likeness[:, before].argmax())


def _between(seen: NDArray[np.bool_], n: int) -> bool:
    return bool(seen[max(0, n - AROUND) : n].any() and seen[n + 1 : n + 1 + AROUND].any())


def _lines(texts: Iterable[str]) -> list[_Line]:
    return [_Line(text.strip(), key) for text in texts if len(key := plain(text)) > 1]


def _view(page: _Page, screen: Witness) -> _View | None:
    """The screen beside the picture, None when it shows another page."""
    lines = _lines(screen.lines)
    if not lines or not page.lines:
        return None
    keys = [line.key for line in page.lines], [line.key for line in lines]
    view = _View(page, screen, lines, process.cdist(*keys, scorer=fuzz.ratio, score_cutoff=ALIKE))
    return view if view.met.sum() >= FEWEST_LINES and view.share >= SAME_PAGE else None
