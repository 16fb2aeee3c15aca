"""An instruction -> the box of the control to use, or nothing; and the ring that is drawn around it."""

from typing import Literal

from bot.conversation import Box, Noun

ControlKind = Literal["button", "link", "tab", "input", "menu", "checkbox", "icon", "text"]


class Control(Noun):
    """Something that can be used, worked out from the picture."""

    kind: ControlKind
    label: str
    box: Box
    enabled: bool = True
