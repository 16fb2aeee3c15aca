"""The card and the thread: what a customer or a model says cannot call anybody, link anywhere or be too long."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from slack_house import House, text_of

from bot.conversation import (
    Answered,
    Citation,
    Facets,
    Found,
    FoundPassage,
    Held,
    Introduced,
    Message,
    OwnerChanged,
    Rated,
    Seen,
    SeenEntity,
)
from bot.state.records import Write
from handlers.slack.blocks import card_blocks
from handlers.slack.card import Used, card
from handlers.slack.sandbox.methods import check_blocks
from handlers.slack.sandbox.server import SUPPORT
from handlers.slack.text import mrkdwn, pieces, shown_name

HOSTILE = "<!here> <!channel> <@U0ANA> <!subteam^S1> <https://evil.example|Settings> @here & <b>"


def log_with(text: str) -> list[tuple[int, object]]:
    """A conversation in which everything is `text`."""
    return [
        (1, Message(id="m", sender="customer", text=text)),
        (2, Seen(attachment_id="a", outcome="read", where=text, error=text,
                 entities=tuple(SeenEntity(kind="code", text=text) for _ in range(9)))),
        (3, Found(turn=1, confidence=0.3, passages=(FoundPassage(article="a", passage=0, title=text, score=1),))),
        (4, Answered(turn=1, to=("m",), text=text, citations=(Citation(n=1, article="a", title=text),))),
        (5, Rated(turn=1, helped=False)),
        (6, OwnerChanged(owner="waiting", reason=text)),
    ]  # fmt: skip


MARKS = ("send_draft", "screenshot", "snooze")


@settings(deadline=None)  # the machine may be busy with other tests
@given(
    st.text(min_size=0, max_size=30).map(lambda part: (part or "&") * 1500),
    st.sampled_from(["bot", "waiting", "human", "closed"]),
    st.sets(st.sampled_from(MARKS)),
    st.booleans(),
    st.integers(0, 6),
)
def test_any_card_is_one_that_slack_takes(text: str, owner: str, used: set[str], alerts: bool, facts: int) -> None:
    log = [(0, Introduced(name=text)), *log_with(text)[:facts], (7, OwnerChanged(owner=owner, who=text[:200]))]  # type: ignore[arg-type]
    log += [(8 + n, Held(id=str(n), who=text[:100], text=text)) for n in range(facts)]
    shown = card(
        "p0-1",
        log,  # type: ignore[arg-type]
        used=[Used(action=name, who=text[:200], at=9, basis=99) for name in sorted(used)],
        snoozed_until=99.0 if "snooze" in used else 0.0,
        assigned=text[:200] or None,
        alerts_only=alerts,
        desk_url="https://desk.example/p0-1",
    )
    check_blocks(card_blocks(shown))


def test_nothing_on_a_card_fires() -> None:
    blocks = card_blocks(card("p0-1", [(0, Introduced(name=HOSTILE)), *log_with(HOSTILE)]))  # type: ignore[arg-type]
    markup = "\n".join(
        t["text"]
        for b in blocks
        for t in [b.get("text"), *b.get("fields", []), *b.get("elements", [])]
        if isinstance(t, dict) and t.get("type") == "mrkdwn"
    )
    assert "&lt;!here&gt;" in markup
    for fires in ("<!here", "<!channel", "<@U", "<!subteam", "<https://evil"):
        assert fires not in markup


def test_the_bots_markdown_becomes_slacks() -> None:
    assert mrkdwn("# Title\n**Save** & [help](https://h.example/?a=1&b=2) <!here>") == (
        "*Title*\n*Save* &amp; <https://h.example/?a=1&amp;b=2|help> &lt;!here&gt;"
    )
    assert mrkdwn("[x](javascript:alert(1))") == "[x](javascript:alert(1))"


async def test_the_card_and_the_posts_carry_the_customers_name(house: House) -> None:
    """As the site vouches for it; a name that only the page says is marked."""
    vouched = await house.opened("help me")
    await house.desk.introduce(vouched, "Mara Fenwick", verified=True)
    await house.desk.say(vouched, "customer", "still there?", key="2")
    said = await house.opened("help me too")
    await house.desk.introduce(said, "The Boss", verified=False)
    await house.settle()
    titles = [house.card(conversation)["blocks"][0]["text"]["text"] for conversation in (vouched, said)]
    assert titles == ["Mara Fenwick needs help", "The Boss (not verified) needs help"]
    posted = [message for message in house.thread(vouched) if text_of(message) == "still there?"]
    assert [message["username"] for message in posted] == ["Mara Fenwick (customer)"]


async def test_the_card_says_what_the_customer_has_and_who_says_so(house: House) -> None:
    """Masked and escaped like all that a page says; a change edits the card."""
    conversation = await house.opened()
    assert "Customer has" not in text_of(house.card(conversation))
    await house.desk.vouch(conversation, Facets(plan=("pro", "support")), 1)
    page = {"version": ("<!here> 8.2",), "audience": ("ana@example.com",), "plan": ("enterprise",)}
    await house.desk.describe(conversation, page)
    await house.settle()
    told = text_of(house.card(conversation))
    assert "*Customer has*\nPlan: pro, support\nVersion: &lt;!here&gt; 8.2 (not verified)" in told
    assert "Audience: [email] (not verified)" in told
    assert "enterprise" not in told


def test_a_customer_cannot_pose_as_a_colleague() -> None:
    assert shown_name("Ana Ferreira", "Customer") == "Ana Ferreira (customer)"
    assert shown_name("<!here>", "Customer") == "!here (customer)"


@settings(deadline=None)
@given(st.text(alphabet="ab &;\n", max_size=400))
def test_pieces_lose_nothing_but_space(text: str) -> None:
    cut = list(pieces(text, 40))
    assert all(len(piece) <= 40 for piece in cut)
    assert "".join("".join(cut).split()) == "".join(text.split())


async def test_the_thread_tells_whole_messages_in_order_and_unfurls_nothing(house: House) -> None:
    conversation = await house.opened(HOSTILE)
    await house.bot_answers(
        conversation, "Look [1].", Citation(n=1, article="a", title="An article", url="https://h.x")
    )
    await house.desk.say(conversation, "customer", "x" * 7000, key="c2")
    await house.settle()

    said = [line.partition(": ") for line in house.says(conversation)]
    assert [who for who, _, _ in said] == ["Customer", "U0HELPLENS", "HelpLens (bot)", "Customer"]
    assert said[-1][2].replace("\n", "") == "x" * 7000
    assert "&lt;!here&gt;" in said[0][2]
    for _, post in house.slack.posts():
        assert post["unfurl_links"] is False
        assert post["unfurl_media"] is False
    assert "Customer needs help" in text_of(house.card(conversation))
    assert len(house.slack.workspace.channels[SUPPORT].messages) == 5


async def test_words_that_are_longer_than_a_message_come_in_several_and_hold_nothing_up(house: House) -> None:
    conversation = await house.opened("&" * 9_999)
    await house.desk.say(conversation, "customer", "after it", key="c2")
    await house.settle()
    said = [line.removeprefix("Customer: ") for line in house.says(conversation) if line.startswith("Customer: ")]
    assert "".join(said[:-1]).replace("\n", "") == "&amp;" * 9_999
    assert len(said) > 4
    assert said[-1] == "after it"


async def test_what_is_private_in_words_does_not_go_to_slack(house: House) -> None:
    conversation = await house.opened("Card 4111 1111 1111 1111 of ana@example.com fails with PAY-4021")
    seen = Seen(attachment_id="a", outcome="read", error="No mandate for DE89 3704 0044 0532 0130 00 (E-17)")
    await house.desk.store.accept(conversation, Write((seen,), key="s", digest=""))
    await house.settle()
    everything = json.dumps(house.slack.workspace.channels[SUPPORT].messages) + json.dumps(house.slack.calls)
    for private in ("4111", "ana@example", "DE89", "3704"):
        assert private not in everything
    assert "Card [card] of [email] fails with PAY-4021" in house.says(conversation)[0]
    assert "(E-17)" in text_of(house.card(conversation))
