"""Pure: what the help centre does not answer. Conversations' logs -> gaps -> clusters (`gap_report` tells writers).

A gap is a question, with the screen it was about, for which nothing was found, or whose answers failed twice. Gaps are
read from the logs when a report is made and kept nowhere else: what was erased or has run out is in no report.
Texts are redacted here; the picture of a cluster is for the caller to redact.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from bot.conversation import Answered, Conversation, Event, Noun, fold
from bot.knowledge import terms
from bot.knowledge.incidents import fingerprint, phrase
from bot.screenshots import redaction

FAILED = 2
"""Answers of one conversation that did not help make a gap."""
SHARED = 0.6
"""Of the words of the shorter of two questions, this share stands in both when they ask the same."""
FEWEST_WORDS = 2
SAME_SCREEN, FEWEST_LINES = 0.5, 3
"""Two screens are of one page when they have this share of the smaller one's lines in common, and at least so many."""
UNTITLED = "A screen without a title"
NO_SCREENS: Mapping[str, frozenset[str]] = MappingProxyType({})
NO_ARTICLE = ("none", "proof")
"""Answers that say nothing of the help centre: every model failed, or the error is seen to be gone."""

Why = Literal["nothing_found", "did_not_help"]


class Gap(Noun):
    """One question that stayed open. `at` is Unix ms; texts are redacted; `tried` are the articles that were cited."""

    at: int
    conversation: str
    turn: int
    why: Why
    question: str = ""
    error: str = ""
    where: str = ""
    attachment_id: str | None = None
    tried: tuple[str, ...] = ()


class Cluster(Noun):
    """Gaps that are one: `because` says in words why; `conversations` counts whom it met."""

    name: str
    because: str
    conversations: int
    gaps: tuple[Gap, ...]

    @property
    def attachments(self) -> tuple[str, ...]:
        """Its pictures, newest first: the older ones may have expired."""
        return tuple(dict.fromkeys(g.attachment_id for g in self.gaps if g.attachment_id))


def gaps(
    conversation_id: str, log: Sequence[tuple[int, Event | None]], own_patterns: Sequence[str] = ()
) -> Iterator[Gap]:
    """The gaps that a conversation's log tells, oldest first."""
    conversation = fold(conversation_id, log)
    failed = [turn for turn, rated in conversation.ratings.items() if not rated.helped]
    at = {event.turn: event_id for event_id, event in log if isinstance(event, Answered)}
    for turn, answer in sorted(conversation.answers.items()):
        if answer.model in NO_ARTICLE:
            continue
        if not answer.answered and not answer.choices:
            yield _gap(conversation, answer, at[turn], "nothing_found", own_patterns)
        elif len(failed) >= FAILED and turn in failed:
            yield _gap(conversation, answer, at[turn], "did_not_help", own_patterns)


def _gap(conversation: Conversation, answer: Answered, at: int, why: Why, own_patterns: Sequence[str]) -> Gap:
    """The gap behind an answer. A follow-up without a picture is about the last one before it."""
    asked = [message for message in conversation.messages if message.id in answer.to]
    until = conversation.messages.index(asked[-1]) + 1 if asked else 0
    pictures = [a.id for m in conversation.messages[:until] if m.sender == "customer" for a in m.attachments]
    seen = conversation.seen.get(pictures[-1]) if pictures else None

    def clean(text: str) -> str:
        return redaction.text(" ".join(text.split()), own_patterns)

    return Gap(
        at=at,
        conversation=conversation.id,
        turn=answer.turn,
        why=why,
        question=clean("\n".join(message.text for message in asked)),
        error=clean(seen.error) if seen else "",
        where=clean(seen.where) if seen else "",
        attachment_id=pictures[-1] if pictures else None,
        tried=tuple(dict.fromkeys(citation.article for citation in answer.citations)),
    )


def clusters(found: Iterable[Gap], screens: Mapping[str, frozenset[str]] = NO_SCREENS) -> list[Cluster]:
    """Gaps that show the same error, else ask with the same words, else stand on the same page, else show the same
    lines; the one that met most customers first. `screens`: the lines of pictures by attachment, where they are kept.
    What says nothing at all (no error, no subject, no picture) is left out."""
    by_error: dict[str, list[Gap]] = {}
    by_words: list[tuple[set[str], list[Gap]]] = []
    by_page: dict[str, list[Gap]] = {}
    by_screen: list[tuple[frozenset[str], list[Gap]]] = []
    for gap in sorted(found, key=lambda g: g.at, reverse=True):
        subject = _subject(gap.question)
        if error := phrase(gap.error):
            by_error.setdefault(fingerprint(error), []).append(gap)
        elif len(subject) >= FEWEST_WORDS:
            _join(by_words, subject, gap)
        elif gap.where:
            by_page.setdefault(" ".join(terms.words(gap.where)), []).append(gap)
        elif gap.attachment_id:
            _beside(by_screen, screens.get(gap.attachment_id, frozenset()), gap)
        elif subject:
            _join(by_words, subject, gap)
    made = [_cluster(_shown(same, "error"), "the same error", same) for same in by_error.values()]
    made += [_cluster(_shown(same, "question"), _common(same), same) for _, same in by_words]
    made += [_cluster(_shown(same, "where"), "the same page", same) for same in by_page.values()]
    made += [_cluster(UNTITLED, "the same lines on the screen", same) for _, same in by_screen]
    return sorted(made, key=lambda c: (-c.conversations, -c.gaps[0].at))


def _subject(question: str) -> set[str]:
    return {terms.stem(word) for word in terms.content(question).split()}


def _join(groups: list[tuple[set[str], list[Gap]]], subject: set[str], gap: Gap) -> None:
    """Into the group whose first question shares most words with this one, else into one of its own."""

    def share(words: set[str]) -> float:
        return len(words & subject) / min(len(words), len(subject))

    best = max(groups, key=lambda group: share(group[0]), default=None)
    if best and share(best[0]) >= SHARED and len(best[0] & subject) >= min(FEWEST_WORDS, len(subject)):
        best[1].append(gap)
    else:
        groups.append((subject, [gap]))


def _beside(groups: list[tuple[frozenset[str], list[Gap]]], lines: frozenset[str], gap: Gap) -> None:
    """Into the first group whose newest screen has many of these lines, else into one of its own."""
    for others, same in groups:
        shared = len(lines & others)
        if shared >= FEWEST_LINES and shared >= SAME_SCREEN * min(len(lines), len(others)):
            same.append(gap)
            return
    groups.append((lines, [gap]))


def _common(same: Sequence[Gap]) -> str:
    """The words that all share, by how many do."""
    counted = Counter(word for gap in same for word in _subject(gap.question))
    shared = [word for word, times in counted.most_common(5) if times > len(same) / 2]
    return f"the same words: {', '.join(sorted(shared))}"


def _shown(same: Sequence[Gap], field: str) -> str:
    """The most frequent text of a field: the newest of them."""
    return Counter(str(getattr(gap, field)) for gap in same).most_common(1)[0][0]


def _cluster(name: str, because: str, same: Sequence[Gap]) -> Cluster:
    because = because if len(same) > 1 else "one question"
    return Cluster(name=name, because=because, conversations=len({g.conversation for g in same}), gaps=tuple(same))
