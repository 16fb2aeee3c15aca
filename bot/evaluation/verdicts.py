"""What became of each case: whether it is right, and what it adds to the figures.

Every figure is a sum over a count, so that figures of any subset of the cases, and of an earlier run, are comparable.
Not here: reading pictures and asking the bot (`release`), comparing runs (`comparison`).
"""

import re
from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image

from bot.conversation import Answered, Box, Noun, Point
from bot.evaluation.cases import AnswerCase, PointingCase, RedactionCase, key
from bot.evaluation.retrieval import Case
from bot.knowledge.deciding import places
from bot.knowledge.fusion import Ranking
from bot.screenshots.screen import Screen

COVERED = 0.95
"""Share of a private place's ink that must lie under the cover."""
HALF = 0.5
FEW_LINES = 6
"""Lines below which a screen says little."""
FEWER = frozenset(
    {"other lines covered", "pointed at the wrong place", "pointed though it is not there", "seconds after reading"}
)
"""Figures that are better when they are smaller."""
NOT_JUDGED = frozenset({"answered", "seconds after reading"})
"""Figures that are told and not judged: more is not better, or the machine's mood decides."""


class Ranked(Noun):
    """An article of a ranking, and the lines of the screen that spoke for it, most telling first."""

    place: int
    article: str
    right: bool
    because: tuple[str, ...] = ()


class Verdict(Noun):
    """What became of a case. `parts` are what it adds to each figure: a sum and a count."""

    kind: str
    key: str
    title: str
    image: str | None = None
    passed: bool
    why: str = ""
    """What is wrong, one fault a line; empty when the case passed."""
    said: str = ""
    """What was answered or ranked, for a person who looks at the failure."""
    parts: dict[str, tuple[float, float]]
    wanted: tuple[Box, ...] = ()
    """Places that should have been covered or pointed at and were not, or of the lines that spoke for a right article,
    in pixels of the clean picture."""
    points: tuple[Point, ...] = ()
    decided: tuple[Box, ...] = ()
    """Places of the lines that spoke for the article ranked first."""
    ranked: tuple[Ranked, ...] = ()
    confidence: float | None = None
    """That the first article is right; None for kinds that have none."""
    traits: tuple[str, ...] = ()
    """What kind of failure it is, in words that several failures can share."""

    @property
    def right(self) -> bool:
        """Whether the first article is right."""
        return self.passed


def of_retrieval(
    case: Case,
    ranking: Ranking,
    shown: Sequence[str],
    sure: float,
    screen: Screen | None = None,
    by_words: Ranking | None = None,
) -> Verdict:
    """How far up the first right article is, and whether it is among the articles `shown` to the customer; the same
    without vectors where the ranking has some."""
    articles = [hit.passage.article for hit in ranking.hits]
    place = _place(case, ranking)
    answered = bool(articles) and ranking.confidence >= sure
    wanted = " or ".join(case.expect)
    where = f"which is number {place}" if place else f"which is not among the first {len(articles)}"
    first, right = (_lines_of(ranking, n, screen) for n in (1, place))
    return Verdict(
        kind="retrieval",
        key=key("retrieval", case),
        title=case.question or "(no question)",
        image=case.image,
        passed=place == 1,
        why="" if place == 1 else f"wanted {wanted}, {where}" if articles else f"wanted {wanted}, and nothing is found",
        parts={
            **_recalled(place),
            **(
                {f"{name}, by words": part for name, part in _recalled(_place(case, by_words)).items()}
                if by_words
                else {}
            ),
            "right article shown": (bool(set(shown) & set(case.expect)), 1),
            "answered": (answered, 1),
            "precision of answered": (answered and place == 1, answered),
        },
        wanted=right,
        decided=first,
        ranked=tuple(
            Ranked(place=n, article=article, right=article in case.expect, because=_told(hit.decided_by, screen))
            for n, (article, hit) in enumerate(zip(articles, ranking.hits, strict=True), 1)
            if n <= 5 or n == place
        ),
        confidence=ranking.confidence,
        traits=() if place == 1 else tuple(_traits(case, articles, place, answered, screen)),
    )


def _place(case: Case, ranking: Ranking) -> int | None:
    """The place of the first right article, counted from 1."""
    return next((n for n, hit in enumerate(ranking.hits, 1) if hit.passage.article in case.expect), None)


def _recalled(place: int | None) -> dict[str, tuple[float, float]]:
    return {
        "recall@1": (place == 1, 1),
        "recall@5": (place is not None and place <= 5, 1),
        "MRR": (1 / place if place else 0, 1),
    }


def _lines_of(ranking: Ranking, place: int | None, screen: Screen | None) -> tuple[Box, ...]:
    """Where the lines stand that spoke for the article at a place of the ranking, counted from 1."""
    if screen is None or place is None or place > len(ranking.hits):
        return ()
    return places(ranking.hits[place - 1].decided_by, screen)


def _told(decided_by: Sequence[str], screen: Screen | None) -> tuple[str, ...]:
    """The lines without those that hold something private."""
    private = [place.box for place in screen.sensitive] if screen else []
    hidden = {line.text for line in screen.lines if any(_touch(line.box, box) for box in private)} if screen else set()
    return tuple(line for line in decided_by if line not in hidden)


def _traits(
    case: Case, articles: Sequence[str], place: int | None, answered: bool, screen: Screen | None
) -> Iterator[str]:
    """What this miss may have in common with others."""
    if answered:
        yield "the wrong article was given outright"
    if not articles:
        yield "nothing was found"
    elif place is None:
        yield f"no right article is among the first {len(articles)}"
    else:
        yield "a right article is second or third" if place <= 3 else "a right article is fourth or later"
    if articles and any(_folder(articles[0]) == _folder(article) for article in case.expect):
        yield "the first article and a right one lie in the same folder"
    if screen is not None and len(screen.lines) < FEW_LINES:
        yield f"fewer than {FEW_LINES} lines could be read on the picture"
    if screen is not None and not screen.legible:
        yield "the picture is not readable"


def _folder(article: str) -> str:
    return article.rpartition("/")[0]


def of_answer(case: AnswerCase, answer: Answered, points: Sequence[Point], seconds: float) -> Verdict:
    """Whether the answer shows a right article, says what it must, keeps from what it may not, and offers a person."""
    text = _plain(answer.text)
    cited = {c.article for c in answer.citations}
    shown = cited | {c.article for c in answer.choices if c.article}
    unsaid = [words for words in case.must_say if _plain(words) not in text]
    forbidden = [words for words in case.may_not_say if _plain(words) in text]
    offered = answer.handoff is not None
    right = not case.expect or bool(shown & set(case.expect))
    faults = [] if right else [f"shows {', '.join(sorted(shown)) or 'no article'}, wanted {' or '.join(case.expect)}"]
    faults += [f"does not say “{words}”" for words in unsaid]
    faults += [f"says “{words}”" for words in forbidden]
    if case.handoff is not None and case.handoff != offered:
        faults.append("offers no person" if case.handoff else f"gives up: {answer.handoff}")
    asked = bool(case.expect)
    return Verdict(
        kind="answers",
        key=key("answers", case),
        title=case.question or "(no question)",
        image=case.image,
        passed=not faults,
        why="\n".join(faults),
        said="\n".join([answer.text, *(f"( {choice.text} )" for choice in answer.choices)]),
        parts={
            "all as it should be": (not faults, 1),
            "right article cited": (asked and bool(cited & set(case.expect)), asked),
            "right article shown": (asked and right, asked),
            "says what it must": (len(case.must_say) - len(unsaid), len(case.must_say)),
            "keeps from what it may not say": (len(case.may_not_say) - len(forbidden), len(case.may_not_say)),
            "a person offered when it should": (case.handoff == offered, case.handoff is not None),
            "seconds after reading": (seconds, 1),
        },
        points=tuple(points),
        traits=tuple(
            trait
            for trait, met in (
                ("nothing was answered, and an article answers", not right and not shown),
                ("other articles were shown", not right and bool(shown)),
                ("words that must be said are missing", bool(unsaid)),
                ("words are said that may not be", bool(forbidden)),
                ("a person was to be offered and was not, or the other way round", case.handoff not in (None, offered)),
            )
            if met
        ),
    )


def of_redaction(case: RedactionCase, screen: Screen, picture: Image.Image, scale: float) -> Verdict:
    """How many private places are covered, and how many lines are that hold nothing private.

    `picture` is the clean one that `screen` was read of, `scale` the original's pixels for one of its.
    """
    grey = np.asarray(picture.convert("L"), np.float64)
    covered = np.zeros(grey.shape, bool)
    for place in screen.sensitive:
        covered[_slices(place.box)] = True
    private = [_scaled(box, scale) for box in case.private]
    leaks = [box for box in private if not _covered(grey[_slices(box)], covered[_slices(box)])]
    others = [line.box for line in screen.lines if not any(_touch(line.box, box) for box in private)]
    over = [box for box in others if _share(covered[_slices(box)]) >= HALF]
    faults = [f"{len(leaks)} of {len(private)} private places can be read"] if leaks else []
    faults += [f"{len(over)} lines without anything private are covered"] if over else []
    return Verdict(
        kind="redaction",
        key=key("redaction", case),
        title=case.image,
        image=case.image,
        passed=not faults,
        why="\n".join(faults),
        parts={
            "pictures without a leak": (bool(private) and not leaks, bool(private)),
            "places covered": (len(private) - len(leaks), len(private)),
            "other lines covered": (len(over), len(others)),
        },
        wanted=tuple(leaks),
    )


def of_pointing(case: PointingCase, points: Sequence[Point], scale: float) -> Verdict:
    """Whether the middle of the first point lies in the control; none may be given for what is not there."""
    box = _scaled(case.box, scale) if case.box else None
    first = points[0] if points else None
    hit = bool(box and first and _middle_in(first.box, box))
    right = hit if box else first is None
    faults = {
        (True, False): "points at nothing",
        (True, True): f"points at “{first.label}” elsewhere" if first else "",
        (False, True): f"points at “{first.label}”, though it is not there" if first else "",
    }
    return Verdict(
        kind="pointing",
        key=key("pointing", case),
        title=case.instruction,
        image=case.image,
        passed=right,
        why="" if right else faults[box is not None, first is not None],
        parts={
            "hit": (hit, box is not None),
            "pointed at the wrong place": (bool(box and first and not hit), box is not None),
            "pointed though it is not there": (box is None and first is not None, box is None),
        },
        wanted=() if right or box is None else (box,),
        points=tuple(points[:1]),
        traits=()
        if right
        else ("points at nothing" if not first else "points elsewhere" if box else "points at what is not there",),
    )


def _plain(text: str) -> str:
    """For comparing what is said: no emphasis, no difference of case or of white space."""
    return re.sub(r"\s+", " ", re.sub(r"[*_`]", "", text)).strip().casefold()


def _scaled(box: Box, scale: float) -> Box:
    left, top, right, bottom = (v / scale for v in box)
    return left, top, right, bottom


def _slices(box: Box) -> tuple[slice, slice]:
    return slice(max(0, round(box[1])), max(0, round(box[3]))), slice(max(0, round(box[0])), max(0, round(box[2])))


def _covered(grey: np.ndarray, covered: np.ndarray) -> bool:
    """Whether a place's ink is under the cover; of a place without ink, whether the place is."""
    if not grey.size:
        return False
    off = np.abs(grey - np.median(grey))
    ink = off > 0.4 * off.max()
    return bool(covered[ink].mean() >= COVERED) if ink.any() else _share(covered) >= COVERED


def _share(covered: np.ndarray) -> float:
    return float(covered.mean()) if covered.size else 0.0


def _touch(a: Box, b: Box) -> bool:
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])


def _middle_in(box: Box, control: Box) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return control[0] <= x <= control[2] and control[1] <= y <= control[3]
