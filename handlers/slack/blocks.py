"""The card and the private prompts as pure functions: state -> Block Kit.

Whatever a customer, a model or a picture said is escaped here and marked `verbatim`, so that it links to nothing and
calls nobody. Not here: what is shown (`card`), when it is posted (`mirror`).
"""

from typing import Any

import orjson

from bot.case import Has
from bot.conversation import Held
from bot.knowledge.solved import Solved
from handlers.slack.card import Card, Used
from handlers.slack.text import escape, fit, mrkdwn, pieces, short, when
from prompts import say

Block = dict[str, Any]
TEXT = 1_500
"""Most characters of a draft on the card; the whole is in its modal."""
WHOLE = 12_500
"""Most characters of all blocks of a message as JSON, a little under where Slack was seen to refuse."""
SNOOZES = {"15m": 900, "1h": 3_600, "4h": 14_400, "1d": 86_400}


def section(text: str, **more: Any) -> Block:
    """A section of markup, already escaped."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": fit(text), "verbatim": True}, **more}


def sections(text: str) -> list[Block]:
    """As many sections as `text` (already escaped) needs."""
    return [section(piece) for piece in pieces(text)]


def context(*texts: str) -> Block:
    """A line of small print, already escaped."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": fit(t), "verbatim": True} for t in texts]}


def button(action: str, value: str, label: str, style: str | None = None) -> Block:
    """A button; `label` is its words."""
    look = {"style": style} if style else {}
    return {"type": "button", "action_id": action, "value": value, "text": plain(label), **look}


def plain(text: str) -> Block:
    """Plain text, as buttons and titles take it."""
    return {"type": "plain_text", "text": short(text, 75)}


def card_blocks(card: Card) -> list[Block]:
    """The card: one message per conversation, edited in place. Cut as far as Slack's limit for a message asks."""
    blocks = _drawn(card, 1.0)
    for share in (0.5, 0.2):
        if size(blocks) > WHOLE:
            blocks = _drawn(card, share)
    return blocks


def size(blocks: list[Block]) -> int:
    """Characters of blocks as they are sent."""
    return sum(len(orjson.dumps(block).decode()) for block in blocks)


def _drawn(card: Card, share: float) -> list[Block]:
    """The card with its texts at a share of their full length."""

    def most(characters: int) -> int:
        return int(characters * share)

    title = say("slack.card_title", customer=card.customer or _customer())
    about = card.error or card.where
    header = {"type": "plain_text", "text": short(f"{title}: {about}" if about else title, 140)}
    blocks: list[Block] = [{"type": "header", "text": header}, context(*_state(card))]
    if card.alerts_only:
        blocks.append(context(say("slack.alerts_only")))
    if card.asked:
        blocks.append(section(fit(f"&gt; {escape(short(card.asked, 600))}", most(1_500))))
    fields = [fit(f"*{name}*\n{escape(short_lines(text, 500))}", most(700)) for name, text in _facts(card)]
    blocks.append({"type": "section", "fields": [{"type": "mrkdwn", "text": f, "verbatim": True} for f in fields]})
    if card.picture:
        alt = say("slack.card_picture")
        blocks.append({"type": "image", "slack_file": {"id": card.picture}, "alt_text": alt})
    if card.nearest:
        links = " · ".join(_link(n.title, n.url) for n in card.nearest)
        blocks.append(context(fit(f"*{say('slack.card_nearest')}* {links}", most(1_500))))
    blocks += [context(fit(_solved(card, one), most(900))) for one in card.solved]
    if card.draft and card.owner != "closed":
        draft = fit(_quoted(mrkdwn(short_lines(card.draft, TEXT))), most(2_500))
        blocks.append(section(f"*{say('slack.card_draft')}*\n{draft}"))
    blocks += [_held(card.conversation, h) for h in card.held[-3:]]
    blocks += [context(line) for line in _used(card)]
    if not card.alerts_only:
        blocks += _actions(card)
    small = [say("slack.card_words")] if not card.alerts_only else []
    if card.desk_url:
        small.append(say("slack.card_desk", url=card.desk_url))
    return [*blocks, context(*small)] if small else blocks


def card_text(card: Card) -> str:
    """The card in one line, for notifications and for readers that show no blocks."""
    about = card.error or card.asked or card.reason
    return escape(short(f"{say('slack.card_title', customer=card.customer or _customer())}: {about}", 300))


def held_prompt(conversation_id: str, held: Held, owner: str) -> list[Block]:
    """The private question to an agent whose words were held: take over, send only this, keep as a note."""
    value = f"{conversation_id} {held.id}"
    lead = say("slack.held_closed") if owner == "closed" else say("slack.held_bot")
    buttons = [
        button("held_take_over", value, say("slack.held_take"), "primary"),
        button("held_send", value, say("slack.held_once")),
        button("held_note", value, say("slack.held_note")),
    ]
    quoted = _quoted(escape(short(held.text, 1_000)))
    return [section(lead), section(quoted), {"type": "actions", "elements": buttons}]


def words(text: str) -> list[Block]:
    """Whole words of a customer or an agent, exactly as said; more blocks than one message takes when they are long."""
    return sections(escape(text))


def messages(blocks: list[Block]) -> list[list[Block]]:
    """Blocks in as many messages as they need."""
    parts: list[list[Block]] = [[]]
    for block in blocks:
        if parts[-1] and size([*parts[-1], block]) > WHOLE:
            parts.append([])
        parts[-1].append(block)
    return parts


def answer(text: str, sources: list[tuple[str, str | None]]) -> list[Block]:
    """The bot's answer in Slack's markup, with its sources in small print."""
    blocks = sections(mrkdwn(text))
    if sources:
        blocks.append(context(f"*{say('slack.ask_sources')}* " + " · ".join(_link(t, u) for t, u in sources[:5])))
    return blocks


def text_modal(callback: str, title: str, submit: str, text: str, metadata: str) -> Block:
    """A modal with one text to write: the draft, or a note."""
    field: Block = {"type": "plain_text_input", "action_id": "text", "multiline": True, "max_length": 3_000}
    if text:
        field["initial_value"] = text[:3_000]
    return {
        "type": "modal",
        "callback_id": callback,
        "private_metadata": metadata,
        "title": {"type": "plain_text", "text": short(title, 24)},
        "submit": plain(submit),
        "close": plain(say("slack.modal_cancel")),
        "blocks": [{"type": "input", "block_id": "text", "label": plain(say("slack.modal_text")), "element": field}],
    }


def feedback(value: str) -> Block:
    """Thumbs up and down under an answer to an agent."""
    return {
        "type": "context_actions",
        "elements": [
            {
                "type": "feedback_buttons",
                "action_id": "ask_feedback",
                "positive_button": {"text": plain(say("slack.ask_good")), "value": f"good {value}"},
                "negative_button": {"text": plain(say("slack.ask_bad")), "value": f"bad {value}"},
            }
        ],
    }


def short_lines(text: str, most: int) -> str:
    """`text` with its lines kept, cut with an ellipsis when it is longer than `most` characters."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _state(card: Card) -> list[str]:
    who = _name(card.who or "")
    state = {
        "bot": say("slack.state_bot"),
        "waiting": say("slack.state_waiting"),
        "human": say("slack.state_human", who=who),
        "closed": say("slack.state_closed"),
    }[card.owner]
    if card.alerts_only and card.owner == "human":
        state = f":bust_in_silhouette: {who}"
    lines = [state, say("slack.card_since", when=when(card.since))]
    if card.assigned:
        lines.append(say("slack.card_assigned", who=_name(card.assigned)))
    return lines


def _facts(card: Card) -> list[tuple[str, str]]:
    belief = ""
    if card.belief:
        percent = round(100 * card.confidence)
        belief = say("slack.card_belief_value", title=short(card.belief, 200), percent=percent)
    error = card.error + (f"\n{' · '.join(card.exact)}" if card.exact else "")
    facts = [
        (say("slack.card_facets"), "\n".join(map(_facet, card.facets))),
        (say("slack.card_where"), card.where),
        (say("slack.card_error"), error.strip()),
        (say("slack.card_tried"), "\n".join(map(str, card.tried[-4:]))),
        (say("slack.card_belief"), belief),
    ]
    why = (say("slack.card_reason"), card.reason or say("slack.card_unknown"))
    return [why, *((name, text) for name, text in facts if text)]


def _facet(has: Has) -> str:
    values = ", ".join(has.values)
    return say(f"slack.card_{has.kind}", values=values if has.signed else say("slack.unverified", name=values))


def _held(conversation_id: str, held: Held) -> Block:
    line = say("slack.card_held", who=_name(held.who), text=fit(escape(short(held.text, 200)), 400))
    return section(line, accessory=button("held_open", f"{conversation_id} {held.id}", say("slack.held_open")))


def _used(card: Card) -> list[str]:
    lines = []
    for used in sorted(card.used.values(), key=lambda u: u.at):
        if used.action == "snooze" and card.snoozed_until:
            lines.append(say("slack.card_snoozed", when=when(card.snoozed_until), who=_name(used.who)))
        elif used.action != "snooze":
            lines.append(used_line(used))
    return lines


def used_line(used: Used) -> str:
    """What a used button leaves in its place: what, who, when."""
    return say("slack.used", what=say(f"slack.did_{used.action}"), who=_name(used.who), when=when(used.at))


def _actions(card: Card) -> list[Block]:
    value = card.conversation
    if card.owner == "closed":
        return [{"type": "actions", "elements": [button("reopen", value, say("slack.reopen"))]}]
    first: list[Block] = []
    if card.owner != "human":
        first.append(button("take", value, say("slack.take"), "primary"))
    if card.draft and "send_draft" not in card.used:
        first.append(button("send_draft", value, say("slack.send_draft")))
    if card.draft:
        first.append(button("edit_draft", value, say("slack.edit_draft")))
    if "screenshot" not in card.used:
        first.append(button("screenshot", value, say("slack.screenshot")))
    second = [button("note", value, say("slack.note")), _assign(), _snooze()]
    if card.error:
        second.append(button("announce", value, say("slack.known_button")))
    if card.owner == "human":
        second.append(button("hand_back", value, say("slack.hand_back")))
    second.append(button("resolve", value, say("slack.resolve")))
    rows = [("first", first), ("second", second)]
    return [{"type": "actions", "block_id": f"{n}:{value}", "elements": row} for n, row in rows if row]


def _assign() -> Block:
    return {"type": "users_select", "action_id": "assign", "placeholder": plain(say("slack.assign"))}


def _snooze() -> Block:
    options = [{"text": plain(say(f"slack.snooze_{name}")), "value": name} for name in SNOOZES]
    return {
        "type": "static_select",
        "action_id": "snooze",
        "placeholder": plain(say("slack.snooze")),
        "options": options,
    }


def _solved(card: Card, one: Solved) -> str:
    """A solved conversation in small print: what it was about, who said what solved it."""
    url = card.solved_url.replace("{id}", one.id) if card.solved_url else None
    who = _name(one.who or say("slack.bot_name"))
    about = _link(short(one.title, 60) or say("slack.solved_untitled"), url)
    return say("slack.card_solved", about=about, who=who, said=escape(short(one.said, 200)))


def _link(title: str, url: str | None) -> str:
    name = escape(short(title, 150)).replace("|", "/")
    return f"<{url.replace('&', '&amp;')}|{name}>" if url and url.startswith(("http://", "https://")) else name


def _quoted(escaped: str) -> str:
    return "\n".join(f"&gt; {line}" for line in escaped.split("\n"))


def _name(who: str) -> str:
    return escape(short(who, 60))


def _customer() -> str:
    return say("slack.customer")
