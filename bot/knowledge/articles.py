"""The nouns of a help centre: articles, their passages, the pictures in them. Structure is kept, markup is not.

Not here: where files lie (`sources`), how a format is parsed (`formats`), how an article is cut (`passages`),
searching (`index`, `fusion`).
"""

from bot.conversation import Noun


class Picture(Noun):
    """A picture inside a passage: where it lies (in the source, or an address), and what it is said to show."""

    path: str
    alt: str = ""
    text: str = ""
    """What was read on it, line by line."""
    title: str = ""
    """The title of the page that it shows, where one was read."""


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
    pictures: tuple[Picture, ...] = ()


class Article(Noun):
    """One file or page of a help centre."""

    path: str
    title: str
    passages: tuple[Passage, ...] = ()
    includes: tuple[str, ...] = ()
    """Files that went into it: when one of them changes, it is read again."""
    language: str = ""
    audience: tuple[str, ...] = ()
    """Versions, plans and audiences that its front matter names: `version:8`, `plan:pro`, `audience:admin`."""
