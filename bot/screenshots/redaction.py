"""What is private in a picture or a text, and solid fill over it."""

from typing import Literal

from bot.conversation import Box, Noun

SensitiveKind = Literal["email", "card", "iban", "phone", "secret", "ip", "ssn", "name", "address", "other"]


class Sensitive(Noun):
    """A private place. The private text itself is never kept; the box covers its characters, not the whole line."""

    kind: SensitiveKind
    box: Box
