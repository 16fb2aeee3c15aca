"""The customer whom a command plays: a conversation as if the site had signed what they have."""

from bot.conversation import Conversation, Facets
from bot.knowledge.filters import parted
from prompts import DEFAULT_LANGUAGE, accepted


def playing(name: str, language: str, version: str, plan: str, audience: str) -> Conversation:
    """A new conversation of this customer, who reads `language`; values of one kind are parted by commas."""
    has = Facets(version=tuple(parted(version)), plan=tuple(parted(plan)), audience=tuple(parted(audience)))
    spoken = accepted(language) or DEFAULT_LANGUAGE if language else DEFAULT_LANGUAGE
    return Conversation(name, language=spoken, signed=has, said=Facets(language=language))
