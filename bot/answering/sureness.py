"""Whether a small model's answer may stand, or a bigger one is asked: decided by what can be measured, never by asking.

Pure. Its words have passed the guardrails already; nobody has seen them yet. Not here: holding them back (`fallback`).
"""

from bot.answering.brief import Answer, Brief

LIKELY = 0.9
"""Own words this probable make up for a search that is not sure of its first article."""
UNLIKELY = 0.6
"""Own words less probable than this never stand. Both are taken from what small instruction-tuned models show on quoted
text, not measured on the owner's: where a server gives no probabilities, the search alone decides."""


def doubt(answer: Answer, brief: Brief, sure: float) -> str | None:
    """Why the answer does not stand, in words for the log; None when it does.

    It stands when it cites, offers no person, cites the article that the search puts first, and either the search is
    `sure` of that or its own words were likely.
    """
    if not answer.answered:
        return answer.handoff or "it cites nothing"
    first = next((hit.passage.article for hit in brief.ranking.hits), None)
    if first not in {citation.article for citation in answer.citations}:
        return "it cites another article than the one that the search puts first"
    if answer.certainty is not None and answer.certainty < UNLIKELY:
        return f"its own words were unlikely ({answer.certainty:.2f})"
    if brief.ranking.confidence < sure and (answer.certainty or 0.0) < LIKELY:
        return f"the search is not sure ({brief.ranking.confidence:.2f}), nor were its own words likely"
    return None
