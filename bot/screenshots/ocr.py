"""Reading: a picture -> lines of text, each with a box, a score and its words.

Not here: what the words mean (`entities`), what is private (`redaction`), what can be clicked (`grounding`).
"""

from bot.conversation import Box, Noun


class Word(Noun):
    """One word, placed by the recogniser's own positions."""

    text: str
    box: Box
    score: float


class Line(Noun):
    """One run of text on one row, as a person would select it; `words` joined by spaces give `text`."""

    text: str
    box: Box
    score: float
    words: tuple[Word, ...] = ()
