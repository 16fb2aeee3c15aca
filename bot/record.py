"""What a turn has seen, found and said, as events of the log.

Pure functions of what the eye, the search and the ladder gave. Not here: the order in which a turn does so
(`bot.orchestrator`), what it takes from the talk so far (`bot.recall`), the events themselves (`bot.conversation`).
"""

from collections.abc import Iterator, Sequence

from bot.answering.brief import Aim, Answer, Look
from bot.answering.proof import Proof
from bot.conversation import (
    Answered,
    Attachment,
    Box,
    Delta,
    Done,
    Event,
    FoundPassage,
    Lit,
    Planned,
    Point,
    Pointed,
    Seen,
    SeenEntity,
    Solved,
    Spent,
)
from bot.knowledge.deciding import places
from bot.knowledge.fusion import Ranking
from bot.screenshots.grounding import point
from bot.screenshots.screen import Screen
from prompts import say

LIT, MOST_LIT = 3, 8
"""Passages whose lines the log keeps, and how many of each picture."""


def seen(attachment: Attachment, screen: Screen, language: str = "en") -> Seen:
    """What the "what I see" card says of a screen."""
    entities = (SeenEntity(kind=e.kind, text=e.text, box=e.box, doubt=e.doubt) for e in screen.entities)
    return Seen(
        attachment_id=attachment.id,
        outcome=screen.outcome,
        reason=screen.told(language),
        kind=screen.kind,
        where=screen.where,
        error=screen.error,
        entities=tuple(entities),
        private=len(screen.sensitive),
        private_boxes=tuple(place.box for place in screen.sensitive),
    )


def solved(proven: Proof, turn: int, to: tuple[str, ...], look: Look) -> Iterator[Event]:
    """A turn whose whole answer is that the error is gone."""
    yield Planned(turn=turn, to=to, plan="proof", reason=say("routing.proof"))
    yield Delta(turn=turn, offset=0, text=proven.lead)
    yield Answered(turn=turn, to=to, text=proven.lead, confidence=1.0, answered=True, model="proof")
    yield Solved(turn=turn, attachment_id=look.attachment.id, error=proven.error)
    yield Done(turn=turn)


def found(ranking: Ranking, looks: Sequence[Look]) -> Iterator[FoundPassage]:
    """The first hits of a ranking, as the log keeps them, with the places of the lines that spoke for them."""
    for place, hit in enumerate(ranking.hits[:5]):
        passage = hit.passage
        lit = [(look.attachment.id, _whole(places(hit.decided_by, look.screen))) for look in looks if place < LIT]
        yield FoundPassage(
            article=passage.article,
            passage=passage.number,
            title=passage.title,
            score=round(hit.score, 4),
            lit=tuple(Lit(attachment_id=id_, boxes=boxes) for id_, boxes in lit if boxes),
        )


def _whole(boxes: Sequence[Box]) -> tuple[tuple[int, int, int, int], ...]:
    """The first boxes in whole pixels."""
    return tuple((round(x0), round(y0), round(x1), round(y1)) for x0, y0, x1, y1 in boxes[:MOST_LIT])


def answered(answer: Answer, turn: int, to: tuple[str, ...], lead: str = "") -> Answered:
    """The answer as the log keeps it; `lead` was said before its first word."""
    return Answered(
        turn=turn,
        to=to,
        text=lead + answer.text,
        citations=answer.citations,
        choices=answer.choices,
        confidence=round(answer.confidence, 4),
        answered=answer.answered,
        model=answer.model,
        handoff=answer.handoff,
    )


def spent(answer: Answer, turn: int) -> Spent | None:
    """What models used for an answer; None when none was asked, or none says."""
    used = answer.usage
    if not used.read and not used.written:
        return None
    return Spent(turn=turn, tokens_read=used.read, tokens_written=used.written, price=used.price)


def points(aims: Sequence[Aim], looks: Sequence[Look], turn: int) -> list[Pointed]:
    """The places of an answer's controls on the customer's pictures, one event per picture.

    Steps lead away from the screen that was sent: the first control that is not on it ends the search, since a later
    one of the same name would be another screen's.
    """
    screens = {look.attachment.id: look.screen for look in looks}
    places: dict[str, list[Point]] = {}
    for aim in aims:
        screen = screens.get(aim.attachment_id)
        hits = point(aim.instruction, screen.lines, screen.controls) if screen else ()
        if not hits:
            if places:
                break
            continue
        places.setdefault(aim.attachment_id, []).append(hits[0].model_copy(update={"step": aim.step}))
    return [Pointed(turn=turn, attachment_id=id_, points=tuple(found_)) for id_, found_ in places.items()]
