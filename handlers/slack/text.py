"""Words on their way to Slack: escaped so that nothing fires, in Slack's own markup, in pieces that Slack takes.

Everything that a customer, a model or a picture said goes through `escape` before it is put into a block. Not here:
what a message looks like (`blocks`).
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

SECTION = 3_000
"""Most characters of a section's text."""
MARKDOWN = 12_000
"""Most characters of one message's markdown."""
NAME = 80

_LINK = re.compile(r"\[([^\]\n]+)\]\((https?://[^\s)<>|]+)\)")
_BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*")
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)


_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def escape(text: str) -> str:
    """`text` with Slack's three special characters escaped: no link, mention or command can be in it any more."""
    return _CONTROL.sub("", text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """What an agent typed, from what Slack delivers: links become their address or label, mentions their name."""

    def plain(match: re.Match[str]) -> str:
        target, _, label = match[1].partition("|")
        if target.startswith(("@", "#", "!")):
            return f"{target[0] if target[0] != '!' else '@'}{(label or target[1:]).lstrip('@#')}"
        return label if label and label in target else target.removeprefix("mailto:")

    text = re.sub(r"<([^<>]+)>", plain, text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def mrkdwn(markdown: str) -> str:
    """The bot's Markdown as Slack's markup. Only `http(s)` links survive as links; everything else is escaped."""
    links: list[str] = []

    def link(match: re.Match[str]) -> str:
        links.append(f"<{match[2].replace('&', '&amp;')}|{escape(match[1])}>")
        return f"\ue000{len(links) - 1}\ue000"

    text = escape(_LINK.sub(link, markdown.replace("\ue000", "")))
    text = _HEADING.sub(r"**\1**", text)
    text = _BOLD.sub(r"*\1*", text)
    return re.sub("\ue000(\\d+)\ue000", lambda m: links[int(m[1])], text)


def pieces(text: str, most: int = SECTION) -> Iterator[str]:
    """`text` in pieces of at most `most` characters, cut at paragraphs, lines or spaces where that is possible.

    Joined they are the text again, but for the white space at the cuts.
    """
    while len(text) > most:
        cut = next((at for mark in ("\n\n", "\n", " ") if (at := text.rfind(mark, most // 2, most)) > 0), most)
        if text[:cut].rfind("&") > cut - 6 and ";" not in text[text.rfind("&", 0, cut) : cut]:
            cut = text.rfind("&", 0, cut)  # never through the middle of an escaped character
        yield text[:cut].rstrip()
        text = text[cut:].lstrip()
    if text:
        yield text


def fit(escaped: str, most: int = SECTION) -> str:
    """Escaped text, cut so that it has at most `most` characters; never empty, since Slack refuses that."""
    return next(pieces(escaped, most), "") or " "


def short(text: str, most: int) -> str:
    """`text` on one line, cut with an ellipsis when it is longer than `most` characters."""
    line = " ".join(_CONTROL.sub("", text).split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def shown_name(name: str | None, role: str) -> str:
    """A name that a person chose, safe to post under: never mistaken for a colleague or for Slack itself."""
    clean = re.sub(r"[<>&@#|`*_~\x00-\x1f]", "", name or "").strip()
    return f"{short(clean, NAME - len(role) - 3)} ({role.lower()})" if clean else role


def when(seconds: float) -> str:
    """A moment that Slack shows in each reader's own time zone."""
    plain = datetime.fromtimestamp(seconds, UTC).strftime("%H:%M UTC")
    return f"<!date^{int(seconds)}^{{time}}|{plain}>"
