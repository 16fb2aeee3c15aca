"""The rung without a model quotes, asks or says that it does not know; it never composes."""

from bot.answering.brief import Answer, Brief, Look, Words
from bot.answering.extractive import Extractive, reached, shortened
from bot.conversation import Attachment, Choice, Message
from bot.knowledge.articles import Passage
from bot.knowledge.fusion import Hit, Ranking
from bot.screenshots.screen import Screen
from prompts import languages, say
from tests.centre import screen

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


def test_of_several_pictures_the_one_is_ringed_that_speaks_for_the_article() -> None:
    def look(number: int, *lines: str) -> Look:
        attachment = Attachment(id=f"c/{number}", media_type="image/png", width=800, height=600, size=1)
        return Look(attachment=attachment, screen=screen(*lines))

    looks = (look(0, "Your card was declined", "Billing"), look(1, "Settings", "Sync conflicts"))
    base = brief(0.9, passage(), looks=looks)
    hits = tuple(h.model_copy(update={"decided_by": ("Your card was declined",)}) for h in base.ranking.hits)
    spoken = base.model_copy(update={"ranking": base.ranking.model_copy(update={"hits": hits})})
    assert {aim.attachment_id for aim in Extractive(sure=0.6).decide(spoken).aims} == {"c/0"}
    assert {aim.attachment_id for aim in Extractive(sure=0.6).decide(base).aims} == {"c/1"}, "else the newest"


def test_a_menu_entry_is_no_proof_of_the_place() -> None:
    assert reached(STEPS, "Dashboard") == 0
    assert reached(STEPS, "") == 0
    assert reached(("Open **Billing**.",), "Billing") == 0, "the last step is never left out"


def test_warnings_of_the_article_are_kept() -> None:
    answer = Extractive(sure=0.6).decide(brief(0.9, passage(warnings=("The old card is removed.",))))
    assert answer.text.endswith("Mind: The old card is removed. [1]")


def test_two_articles_that_fit_make_one_question_with_buttons() -> None:
    other = passage("billing/bank.md", title="The bank asks for a code")
    same_words = passage("billing/card.html")
    answer = Extractive(sure=0.6, unsure=0.2).decide(brief(0.4, passage(), same_words, other))
    assert not answer.answered
    assert [c.text for c in answer.choices] == ["A card was refused", "The bank asks for a code", "None of these"]
    assert [c.article for c in answer.choices] == ["billing/card.md", "billing/bank.md", None]


def test_none_of_the_choices_leads_to_a_person_in_every_language() -> None:
    found = (passage(), passage("billing/bank.md", title="The bank asks for a code"))
    for language in languages():
        asked = Extractive(sure=0.6).decide(brief(0.4, *found, language=language))
        none = asked.choices[-1]
        pressed = Extractive(sure=0.6).decide(brief(0.9, *found, language="de", question=none.text, pressed=none))
        assert not pressed.answered and pressed.handoff and not pressed.choices
        assert say("answering.offer_person", "de") in pressed.text, "whatever language the button was in"
        typed = Extractive(sure=0.6).decide(brief(0.9, *found, language=language, question=none.text))
        assert typed.answered, "the same words where nobody was asked are a question like any other"


def test_an_article_in_another_language_is_quoted_with_a_word_of_that() -> None:
    def told(article: str, customer: str) -> str:
        base = brief(0.9, passage(), language=customer)
        hits = tuple(h.model_copy(update={"language": article}) for h in base.ranking.hits)
        ranking = base.ranking.model_copy(update={"hits": hits})
        return Extractive(sure=0.6).decide(base.model_copy(update={"ranking": ranking})).text

    assert "\n\nThis article is in German.\n\n1. " in told("de", "en")
    assert "\n\nDieser Artikel ist auf Französisch.\n\n1. " in told("fr", "de")
    assert "This article" not in told("en", "en") + told("", "en")


def choices(*articles: tuple[str, str]) -> tuple[str, list[str]]:
    """The last paragraph of the question, and what stands on its buttons."""
    found = (passage(path, title=title, text="Open WhatsApp.", steps=()) for title, path in articles)
    answer = Extractive(sure=0.6, unsure=0.2).decide(brief(0.4, *found))
    return answer.text.split("\n\n")[-1], [c.text for c in answer.choices if c.article]


def test_buttons_say_what_tells_articles_apart() -> None:
    """Equal titles by their folders, bare ones by file or folder, written as the articles write it."""
    stacks = (("Add a stack", "user/docker/stacks/add.md"), ("Add a stack", "user/kubernetes/stacks/add.md"))
    assert choices(*stacks, ("Registries", "r.md"))[1] == [
        "Add a stack (Docker)",
        "Add a stack (Kubernetes)",
        "Registries",
    ]
    assert choices(("Install", "v7/install.md"), ("Install", "v8/install.md"))[1] == ["Install (v7)", "Install (v8)"]
    bare = (("Setup", "channels/whatsapp/setup.md"), ("Overview", "core-modules/EmailTemplates.md"))
    assert choices(*bare)[1] == ["Setup (WhatsApp)", "Overview (Email Templates)"]
    own = (("Users", "user/users.md"), ("Settings", "user/settings.md"))
    assert choices(*own)[1] == ["Users", "Settings"], "a folder that all share says nothing"


def test_a_name_that_says_the_title_again_stands_alone() -> None:
    own = (("App Passwords", "modules/Gmail-App-Passwords.md"), ("Managing roles", "users/manage_roles.md"))
    assert choices(*own)[1] == ["Gmail App Passwords", "Managing roles (Users)"]


def test_a_button_says_which_part_of_its_article_it_would_be() -> None:
    found = (
        passage("emails.md", title="Emails", headings=("Channels", "Step 3: Bounce management")),
        passage("reports.md", title="Reports", headings=("Reports",)),
        passage("home.md", title="Home page"),
        passage("wordy.md", title="Wordy", headings=("Wordy " * 20,)),
        passage("login.md", title="Login", headings=("2 factors",)),
    )
    answer = Extractive(sure=0.6, choices=5).decide(brief(0.4, *found))
    said = ["Emails: Bounce management", "Reports", "Home page", "Wordy", "Login: 2 factors"]
    assert [c.text for c in answer.choices if c.article] == said


def test_what_all_titles_say_is_said_once() -> None:
    question, buttons = choices(("Version 1.1 - Getting Started", "a.md"), ("Version 1.0 - Getting Started", "b.md"))
    assert question == "**… Getting Started**: there is more than one. Which of these is yours?"
    assert buttons == ["Version 1.1", "Version 1.0"]
    question, buttons = choices(("Add a stack", "docker/add.md"), ("Add a stack", "kubernetes/add.md"))
    assert question.startswith("**Add a stack …**") and buttons == ["Docker", "Kubernetes"]
    question, buttons = choices(("Mail accounts. Contacts", "a.md"), ("Mail accounts. Calendar", "b.md"))
    assert question.startswith("**Mail accounts …**") and buttons == ["Contacts", "Calendar"]
    question, buttons = choices(("Add a user", "a.md"), ("Add a user to a team", "b.md"))
    assert question.startswith("More than one") and buttons == ["Add a user", "Add a user to a team"]


def test_a_place_that_is_no_name_is_not_said() -> None:
    for where in ("Billing", "Settings › Users", "Rechnungen 2024"):
        assert f"You are on **{where}**." in Extractive().decide(brief(0.9, passage(steps=()), where=where)).text
    for where in (
        "ompany Hub",
        "Acti.",
        "8",
        "器",
        "© Running",
        "07/04/2016 P1",
        "A list of all machines and peers that we know",
        "Which fruit do you like?",
    ):
        assert "You are on" not in Extractive().decide(brief(0.9, passage(steps=()), where=where)).text, where


def test_an_answer_that_may_be_another_articles_offers_what_comes_next() -> None:
    found = (
        passage(),
        passage("bank.md", title="The bank asks for a code"),
        passage("billing/card.html"),
        passage("c.md", title="See also"),
    )
    doubted = Extractive(sure=0.6).decide(brief(0.7, *found))
    assert doubted.answered and doubted.citations
    assert [c.text for c in doubted.choices] == ["The bank asks for a code", "See also"], (
        "a title twice would be no choice"
    )
    certain = Extractive(sure=0.6).decide(brief(0.9, *found))
    pressed = Extractive(sure=0.6).decide(
        brief(0.7, *found, pressed=Choice(text="The bank asks for a code", article="bank.md"))
    )
    assert certain.answered and not certain.choices
    assert pressed.answered and not pressed.choices


BANK = Choice(text="The bank asks for a code", article="billing/bank.md")


def test_the_pressed_button_is_answered_whatever_the_confidence() -> None:
    other = passage("billing/bank.md", title="The bank asks for a code")
    answer = Extractive(sure=0.6).decide(brief(0.1, passage(), other, pressed=BANK))
    assert answer.answered
    assert answer.citations[0].article == "billing/bank.md"
    gone = Extractive(sure=0.6).decide(brief(0.1, passage(), passage("c.md", title="See also"), pressed=BANK))
    assert not gone.answered, "an article that is no longer there is not answered by another"


def test_below_the_threshold_it_says_that_it_does_not_know_and_offers_a_person() -> None:
    answer = Extractive(sure=0.6, unsure=0.2).decide(brief(0.05, passage(), error="Sync conflict"))
    assert not answer.answered
    assert not answer.citations
    assert answer.handoff
    assert "I looked for the message “Sync conflict”." in answer.text


def test_nothing_found_is_said_too() -> None:
    assert Extractive().decide(brief(0.0)).handoff


def test_a_screen_of_another_product_is_asked_about() -> None:
    """Confidence has taken it into account; what may fit is still offered, and words of their own stand."""

    def asked(belongs: float, question: str = "why?") -> Answer:
        base = brief(0.3, passage(), passage("b.md", title="Other"), question=question)
        ranking = base.ranking.model_copy(update={"belongs": belongs})
        return Extractive(sure=0.5).decide(base.model_copy(update={"ranking": ranking}))

    assert "is it a screen of this product?" in asked(0.2).text and asked(0.2).choices
    assert "is it a screen of this product?" not in asked(0.9).text
    assert "is it a screen of this product?" not in asked(0.2, "how do I pay an invoice with another card?").text


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
