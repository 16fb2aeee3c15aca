"""What a turn takes from the conversation so far: for whom articles must be, which have failed, what was said before.

Pure functions of a folded conversation. Not here: what the turn does with it (`bot.orchestrator`).
"""

from collections.abc import Sequence

from bot.conversation import Choice, Conversation, Message
from bot.knowledge.filters import CLOSABLE, of_kind
from bot.knowledge.fusion import Query


def fits(conversation: Conversation, closed: frozenset[str]) -> Query:
    """What may be found for this customer: articles in their language, for what they have. What is closed opens by the
    site's word alone, never by their page's."""
    has, signed = conversation.has, conversation.signed
    vouched = {kind for kind in CLOSABLE if getattr(signed, kind)}
    return Query(
        language=has.language or conversation.language,
        version=",".join(has.version),
        plan=",".join(has.plan),
        audience=",".join(has.audience),
        closed=frozenset(name for name in closed if not any(of_kind(name, kind) for kind in vouched)),
    )


def unhelpful(conversation: Conversation) -> frozenset[str]:
    """Articles that the customer said did not help."""
    failed = [turn for turn, rated in conversation.ratings.items() if not rated.helped]
    answers = [conversation.answers[turn] for turn in failed if turn in conversation.answers]
    return frozenset(citation.article for answer in answers for citation in answer.citations)


def last_cited(conversation: Conversation) -> frozenset[str]:
    """The articles of the last answer."""
    if not conversation.answers:
        return frozenset()
    return frozenset(c.article for c in conversation.answers[max(conversation.answers)].citations)


def pressed(conversation: Conversation, question: str) -> Choice | None:
    """The button of the last answer that the customer pressed, when they did."""
    if not conversation.answers:
        return None
    last = conversation.answers[max(conversation.answers)]
    return next((choice for choice in last.choices if choice.text.strip() == question.strip()), None)


def earlier(conversation: Conversation, messages: Sequence[Message]) -> tuple[Message, ...]:
    """What was said before these messages, the bot's answers among it, oldest first."""
    now = {message.id for message in messages}
    history: list[Message] = []
    for message in conversation.messages:
        if message.id in now:
            continue
        history.append(message)
        for turn, answer in conversation.answers.items():
            if answer.to and answer.to[-1] == message.id:
                history.append(Message(id=f"turn-{turn}", sender="bot", text=answer.text))
    return tuple(history)
