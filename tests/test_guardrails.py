"""What may be said: only listed links, only citations that hold, and no half of an address on the way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answering.guardrails import Held, promises, settle

LISTED = "https://help.example/a"
HOSTILE = (
    "See [here](http://evil.test/x) and [ok](https://help.example/a). Also www.evil.test now [1] [7]. "
    "<img src=//evil.test> javascript:alert(1) a\u200bb ![p](http://evil.test/x.png) "
    "[r][1]\n[1]: http://evil.test\nThe end"
)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Open [this](https://help.example/a).", "Open [this](https://help.example/a)."),
        ("Open [this](https://help.example/a?x=secret).", "Open this."),
        ("![](https://evil.test/pixel.png)Hello", "Hello"),
        ("Look at [that][1].\n[1]: https://evil.test", "Look at that.\n"),
        ("Go to //x and data:text/html,hi", "Go to //x and "),
        ("Done [1]. Or not [9].", "Done [1]. Or not."),
        ("<script>alert(1)</script>Hi", "alert(1)Hi"),
        ("Use `a < b` and c > d", "Use `a < b` and c > d"),
        ("Say\u202e hello\u200b", "Say hello"),
    ],
)
def test_only_listed_links_and_known_citations_are_said(said: str, shown: str) -> None:
    assert settle(said, {LISTED}, {1}) == shown


@given(st.lists(st.integers(1, 12), min_size=1, max_size=60))
def test_no_piece_of_an_unlisted_link_ever_becomes_a_delta(cuts: list[int]) -> None:
    held, sent, at = Held({LISTED}, {1}), "", 0
    while at < len(HOSTILE):
        step = cuts[at % len(cuts)]
        sent += held.feed(HOSTILE[at : at + step])
        assert "evil" not in sent
        assert "javascript:" not in sent
        at += step
    sent += held.finish()
    assert "evil" not in sent
    assert "<img" not in sent
    assert sent.startswith("See here and [ok](https://help.example/a). Also ")
    assert sent.endswith("The end")


def test_plain_words_pass_at_once() -> None:
    held = Held()
    assert held.feed("Choose Save now ") == "Choose Save now "
    assert held.feed("and wait") == "and "


@pytest.mark.parametrize(
    "said", ["We will refund you.", "I've escalated this", "Our team will reach out", "I have cancelled your order"]
)
def test_promises_are_noticed(said: str) -> None:
    assert promises(said)


@pytest.mark.parametrize(
    "said", ["Choose **Refund**.", "The order will be cancelled by the shop.", "You will get a mail."]
)
def test_what_an_article_says_is_no_promise_of_ours(said: str) -> None:
    assert not promises(said)
