"""A help centre -> articles -> passages. Markdown, reStructuredText, HTML; structure is kept, markup is not.

Not here: searching (`index`, `fusion`).
"""

from bot.conversation import Noun


class Passage(Noun):
    """A part of an article that answers on its own: one heading's text, or a piece of it.

    `steps` are the passage's own numbered steps, in order, as plain text with UI labels in **bold**; `labels` are the
    words set in bold, code or quotes, and the parts of menu paths: what a customer would see on screen.
    """

    article: str
    """Path of the article relative to its source: the name under which it is cited and scored."""
    number: int
    title: str
    """The article's title."""
    headings: tuple[str, ...] = ()
    text: str = ""
    """The passage as Markdown of a closed set: paragraphs, steps, **bold**, `code`. No links, no HTML."""
    steps: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    url: str | None = None
    anchor: str = ""
