"""What events are made of: pictures by reference, citations, choices, places on a picture. Frozen, no I/O."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Box = tuple[float, float, float, float]
"""[left, top, right, bottom] in pixels of the upright original picture."""

Sender = Literal["customer", "bot", "agent"]
Owner = Literal["bot", "waiting", "human", "closed"]
Outcome = Literal["read", "partly", "unreadable", "skipped"]


class Noun(BaseModel):
    """A frozen value. Unknown fields are ignored on reading, so that a newer process may add some."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Facets(Noun):
    """What decides which articles are for a customer: what they use, have and are, each in the site's own words."""

    version: tuple[str, ...] = ()
    plan: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    language: str = ""
    """Of the articles, where the page names one beside what the widget speaks."""

    def over(self, other: "Facets") -> "Facets":
        """These, and where they say nothing the other ones."""
        return other.model_copy(update={name: value for name, value in self if value})


ANYBODY = Facets()
"""Of whom nobody knows anything."""


class Attachment(Noun):
    """One picture of a customer's, by reference. Its identity is the hash of its cleaned bytes."""

    id: str
    """`<conversation>/<sha256>`: also the path under which storage keeps it."""
    name: str = ""
    media_type: str
    width: int
    height: int
    size: int

    @property
    def sha256(self) -> str:
        """The hash of its bytes."""
        return self.id.rpartition("/")[2]


class Citation(Noun):
    """Passage `n` of the answer: the reader sees [n] in the text."""

    n: int
    article: str
    title: str
    url: str | None = None
    quote: str = ""


class Choice(Noun):
    """One button of a splitting question: `text` is what it says, and what the customer says by pressing it."""

    text: str
    article: str | None = None


class Point(Noun):
    """A control on the customer's own picture; `step` is the number of the answer's step that uses it."""

    label: str
    box: Box
    step: int | None = None
    score: float = 1.0


class SeenEntity(Noun):
    """Something exact that the picture shows: an error text, a code, an order number."""

    kind: str
    text: str
    box: Box | None = None
    doubt: bool = False


class Lit(Noun):
    """The lines on one picture of a customer's that spoke for an article, most telling first, in whole pixels."""

    attachment_id: str
    boxes: tuple[tuple[int, int, int, int], ...]


class FoundPassage(Noun):
    """One ranked passage, as the log keeps it. `lit` are the lines that spoke for it."""

    article: str
    passage: int
    title: str
    score: float
    lit: tuple[Lit, ...] = ()
