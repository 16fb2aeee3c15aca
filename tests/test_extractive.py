"""The rung without a model quotes, asks or says that it does not know; it never composes."""

from bot.answering.brief import Answer, Brief, Look, Words
from bot.answering.extractive import Extractive, reached, shortened
from bot.conversation import Attachment, Message
from bot.knowledge.articles import Passage
from bot.knowledge.fusion import Hit, Ranking
from bot.screenshots.ocr import Line
from bot.screenshots.screen import Screen

STEPS = (
    "Open **Settings > Billing**.",
    "Choose **Replace card** and enter the new number.",
    "Choose **Pay now**.",
)


def passage(article: str = "billing/card.md", **changes: object) -> Passage:
    fields = {"article": article, "number": 0, "title": "A card was refused", "text": "Replace it.", "steps": STEPS}
    return Passage(**(fields | changes))


def brief(confidence: float, *passages: Passage, where: str = "", error: str = "", **changes: object) -> Brief:
    screen = Screen(sha256="0", width=800, height=600, where=where, error=error)
    attachment = Attachment(id="c/0", media_type="image/png", width=800, height=600, size=1)
    hits = tuple(Hit(passage=p, score=1 - i / 10) for i, p in enumerate(passages))
    fields = {"question": "help?", "looks": (Look(attachment=attachment, screen=screen),)} | changes
    return Brief(ranking=Ranking(hits=hits, confidence=confidence), **fields)


def test_a_sure_answer_is_the_articles_own_steps_with_its_citation() -> None:
    answer = Extractive(sure=0.6).decide(brief(0.9, passage(), error="Card refused (PAY-402)"))
    assert answer.answered
    assert answer.text == (
        "Your screen says “Card refused (PAY-402)”.\n\nHere is what **A card was refused** says [1]:\n\n"
        "1. Open **Settings > Billing**.\n2. Choose **Replace card** and enter the new number.\n3. Choose **Pay now**."
    )
    assert [c.article for c in answer.citations] == ["billing/card.md"]
    assert [aim.step for aim in answer.aims] == [1, 2, 3]


def test_steps_that_the_customer_has_behind_them_are_left_out() -> None:
    answer = Extractive(sure=0.6).decide(brief(0.9, passage(), where="Billing"))
    assert "You are already on **Billing**" in answer.text
    assert "1. Choose **Replace card**" in answer.text
    assert "Settings > Billing" not in answer.text


def test_a_menu_entry_is_no_proof_of_the_place() -> None:
    assert reached(STEPS, "Dashboard") == 0
    assert reached(STEPS, "") == 0
    assert reached(("Open **Billing**.",), "Billing") == 0, "the last step is never left out"


def test_warnings_of_the_article_are_kept() -> None:
    answer = Extractive(sure=0.6).decide(brief(0.9, passage(warnings=("The old card is removed.",))))
    assert answer.text.endswith("Mind: The old card is removed. [1]")


def test_two_articles_that_fit_make_one_question_with_buttons() -> None:
    other = passage("billing/bank.md", title="The bank asks for a code")
    same_words = passage("old/card.md")
    answer = Extractive(sure=0.6, unsure=0.2).decide(brief(0.4, passage(), same_words, other))
    assert not answer.answered
    assert [c.text for c in answer.choices] == ["A card was refused", "The bank asks for a code"]


def test_an_answer_that_may_be_another_articles_offers_what_comes_next() -> None:
    found = (
        passage(),
        passage("bank.md", title="The bank asks for a code"),
        passage("old.md"),
        passage("c.md", title="C"),
    )
    doubted = Extractive(sure=0.6).decide(brief(0.7, *found))
    assert doubted.answered and doubted.citations
    assert [c.text for c in doubted.choices] == ["The bank asks for a code", "C"], "a title twice would be no choice"
    certain = Extractive(sure=0.6).decide(brief(0.9, *found))
    pressed = Extractive(sure=0.6).decide(brief(0.7, *found, chosen="bank.md"))
    assert certain.answered and not certain.choices
    assert pressed.answered and not pressed.choices


def test_the_pressed_button_is_answered_whatever_the_confidence() -> None:
    other = passage("billing/bank.md", title="The bank asks for a code")
    answer = Extractive(sure=0.6).decide(brief(0.1, passage(), other, chosen="billing/bank.md"))
    assert answer.answered
    assert answer.citations[0].article == "billing/bank.md"


def test_below_the_threshold_it_says_that_it_does_not_know_and_offers_a_person() -> None:
    answer = Extractive(sure=0.6, unsure=0.2).decide(brief(0.05, passage(), error="Sync conflict"))
    assert not answer.answered
    assert not answer.citations
    assert answer.handoff
    assert "I looked for the message “Sync conflict”." in answer.text


def test_nothing_found_is_said_too() -> None:
    assert Extractive().decide(brief(0.0)).handoff


LINES = tuple(Line(text=f"Strange words {n}", box=(0, n, 9, n + 1), score=1) for n in range(8))


def strange(known: int, question: str = "why?") -> Answer:
    base = brief(0.9, passage(), passage("b.md", title="Other"), question=question)
    look = base.looks[0].model_copy(update={"screen": base.looks[0].screen.model_copy(update={"lines": LINES})})
    hits = tuple(h.model_copy(update={"decided_by": ("Settings", *["Pay now"] * known)}) for h in base.ranking.hits)
    ranking = base.ranking.model_copy(update={"hits": hits})
    return Extractive(sure=0.5).decide(base.model_copy(update={"looks": (look,), "ranking": ranking}))


def test_a_screen_of_another_product_is_not_answered_however_sure_the_ranking_is() -> None:
    answer = strange(known=1)
    assert not answer.answered
    assert "is it a screen of this product?" in answer.text
    assert answer.choices, "what may fit all the same is still offered"
    assert strange(known=2).answered
    assert strange(known=0, question="how do I pay an invoice with another card?").answered


async def test_the_words_are_the_answer() -> None:
    items = [item async for item in Extractive(sure=0.5).answer(brief(0.9, passage()))]
    assert isinstance(items[-1], Answer)
    assert "".join(item.text for item in items if isinstance(item, Words)) == items[-1].text


def test_a_quote_ends_with_a_whole_sentence() -> None:
    text = "First sentence. " * 30 + "\n\n" + "Second paragraph. " * 30
    quote = shortened(text, 700)
    assert len(quote) <= 700
    assert quote.endswith(".")


def test_a_list_that_is_cut_stays_a_list() -> None:
    text = (
        "Set these.\n\n- Choose **Allowed methods**.\n- Choose **Policy**\n- Add the following headers:\n  - **Origin**"
    )
    assert shortened(text, 88) == "Set these.\n\n- Choose **Allowed methods**.\n- Choose **Policy**"
    assert shortened("1. Open it.\n2. Save it.\n3. Close it again.", 26) == "1. Open it.\n2. Save it."


def test_who_asked_for_a_person_is_not_offered_one_again() -> None:
    """A person is called: no article, no "I do not know", no second offer; what saves time is asked for."""
    for found in (brief(0.0), brief(0.4, passage(), passage("b.md", title="Other"))):
        asked = found.model_copy(update={"question": "I want to talk to a person", "looks": (), "called": True})
        answer = Extractive(sure=0.6, unsure=0.2).decide(asked)
        assert answer.text.startswith("A person has been called")
        assert not answer.choices and not answer.handoff
    still_unknown = Extractive().decide(brief(0.0, called=True))
    assert "Talk to a person" not in still_unknown.text and "called already" in still_unknown.text


def test_what_was_said_last_is_not_said_again() -> None:
    """ "Are you there?" beside the same picture gets no second copy of the same question."""
    rung, asked = Extractive(sure=0.6, unsure=0.2), brief(0.4, passage(), passage("b.md", title="Other"))
    first = rung.decide(asked)
    again = rung.decide(asked.model_copy(update={"history": (Message(id="1", sender="bot", text=first.text),)}))
    assert again.text.startswith("I have nothing to add") and not again.choices
    assert again.handoff
