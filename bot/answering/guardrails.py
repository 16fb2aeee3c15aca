"""What may be said: links that stand in the help index, citations that hold, no promise without an action.

Pure text in, text out. `Held` does it on a running answer: a sentence that carries a link or a citation is kept back
until it is whole and has been checked, so that an unlisted link never becomes a delta. Plain words pass at once.
Not here: what may leave the machine (`privacy`).
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field

LINK = re.compile(r"!?\[([^\]\n]*)\]\(\s*<?([^)\s>]*)>?[^)]*\)")
"""An inline link or picture."""
REFERENCE = re.compile(r"!?\[([^\]\n]+)\]\[[^\]\n]*\]|^\s*\[[^\]\n]+\]:\s*\S.*$", re.MULTILINE)
"""A reference link, or the line that defines one."""
BARE = re.compile(
    r"(?:\b[a-z][a-z0-9+.-]{1,15}://|\bwww\.|\b(?:javascript|data|vbscript|mailto|file):)[^\s<>()\[\]]*", re.I
)
MARKUP = re.compile(r"<[a-zA-Z/!?][^>\n]{0,2000}>")
_UNSEEN = "\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\U000e0000-\U000e007f"
INVISIBLE = re.compile(f"[{_UNSEEN}]")
CITATION = re.compile(r"\s?\[(\d{1,3})\](?![(\[])")
SUSPECT = re.compile(rf"[\[<{_UNSEEN}]|://|www\.|\b(?:javascript|data|vbscript|mailto|file):", re.I)
SENTENCE_END = re.compile(r"(?<=[.!?:;])\s|\n")
_DONE = "refunded|cancelled|canceled|credited|reset|changed|deleted|escalated|transferred|forwarded|notified|updated"
_TO_DO = "refund|cancel|credit|call|contact|e-?mail|get back to|follow up|transfer|escalate|fix|notify"
PROMISE = re.compile(
    rf"\b(?:I(?:'ve| have)|we(?:'ve| have)) (?:just )?(?:{_DONE})\b"
    rf"|\b(?:I|we)(?:'ll| will) (?:{_TO_DO})\b"
    rf"|\b(?:someone|a (?:colleague|person|agent)|our team) will (?:{_TO_DO}|get back|reach out)\b",
    re.I,
)
HELD_LIMIT = 2000
"""Characters kept back at most; a sentence longer than this is checked as it stands."""


def settle(text: str, links: Collection[str] = (), citations: Collection[int] = ()) -> str:
    """`text` with every link that is not in `links`, markup, invisible characters and unknown citations taken out.

    A link's words stay; its address goes. Raises nothing: whatever a model writes comes out as safe text.
    """
    text = INVISIBLE.sub("", text)
    text = LINK.sub(lambda m: m[0] if m[2] in links and not m[0].startswith("!") else m[1], text)
    text = REFERENCE.sub(lambda m: m[1] or "", text)
    text = BARE.sub(lambda m: m[0] if m[0].rstrip(".,;:!?") in links else "", text)
    text = MARKUP.sub("", text)
    return CITATION.sub(lambda m: m[0] if int(m[1]) in citations else "", text)


def promises(text: str) -> tuple[str, ...]:
    """The phrases of `text` that promise an action or claim that one was done. Only code acts, so none may be said."""
    return tuple(match[0] for match in PROMISE.finditer(text))


@dataclass
class Held:
    """A running answer on its way to the customer: `feed` pieces, send what comes back, `finish` at the end."""

    links: Collection[str] = ()
    citations: Collection[int] = ()
    _kept: str = field(default="", init=False)

    def feed(self, piece: str) -> str:
        """What may be sent now: everything up to the first sentence that must be seen whole."""
        self._kept += piece
        sent = ""
        while self._kept:
            suspect = SUSPECT.search(self._kept)
            if suspect is None:
                ready = self._safe_length()
                sent, self._kept = sent + self._kept[:ready], self._kept[ready:]
                break
            end = SENTENCE_END.search(self._kept, suspect.end())
            if end is None and len(self._kept) < HELD_LIMIT:
                # from the beginning of its word: "http" was harmless until "://" came
                start = max(self._kept.rfind(" ", 0, suspect.start()), self._kept.rfind("\n", 0, suspect.start())) + 1
                sent, self._kept = sent + self._kept[:start], self._kept[start:]
                break
            stop = end.end() if end else len(self._kept)
            sent, self._kept = sent + settle(self._kept[:stop], self.links, self.citations), self._kept[stop:]
        return sent

    def finish(self) -> str:
        """What is left, checked."""
        rest, self._kept = settle(self._kept, self.links, self.citations), ""
        return rest

    def _safe_length(self) -> int:
        """The last word may be the beginning of an address: it waits for the space behind it."""
        return max(self._kept.rfind(" "), self._kept.rfind("\n")) + 1
