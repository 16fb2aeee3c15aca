"""What customers read, in each language: every line is there, takes the same inputs, and the triggers hear them all."""

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

import prompts
from bot.answering.proof import asks_if_it_worked
from bot.handoff import asks_for_person

HERE = Path(prompts.__file__).parent
WIDGET = HERE.parent / "handlers/web/widget/src/words"
ENGLISH = {
    f"{path.stem}.{name}": text
    for path in sorted((HERE / "en").glob("*.toml"))
    if path.stem not in prompts.STAFF_ROOMS
    for name, text in tomllib.loads(path.read_text("utf-8")).items()
}
OTHERS = [language for language in prompts.languages() if language != "en"]


def lines(language: str) -> dict[str, str]:
    """Every line of a language's own files."""
    return {
        f"{path.stem}.{name}": text
        for path in (HERE / language).glob("*.toml")
        for name, text in tomllib.loads(path.read_text("utf-8")).items()
    }


@pytest.mark.parametrize("language", OTHERS)
def test_every_line_a_customer_reads_is_there_in_each_language(language: str) -> None:
    assert lines(language).keys() == ENGLISH.keys()


@pytest.mark.parametrize("language", OTHERS)
def test_a_line_takes_the_same_inputs_in_each_language(language: str) -> None:
    own = lines(language)
    for line, text in ENGLISH.items():
        if not line.startswith("triggers."):
            assert prompts.placeholders(own[line]) == prompts.placeholders(text), line
            assert own[line].count("**") == text.count("**"), line


def test_the_widget_speaks_the_same_languages() -> None:
    assert {path.stem for path in WIDGET.glob("??.ts")} == set(prompts.languages())


@pytest.mark.parametrize("language", prompts.languages())
def test_the_button_that_lines_name_is_called_so(language: str) -> None:
    """ "Choose **Talk to a person**" is the button's own name in that language."""
    button = re.search(r'^  person: "(.+)",$', (WIDGET / f"{language}.ts").read_text("utf-8"), re.M)
    assert button
    for line in ("answering.offer_person", "fallback.failed", "fallback.failed_busy"):
        assert f"**{button[1]}**" in prompts.say(line, language), line


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("nl, es;q=0.5, en;q=0.4", "es"),
        ("en;q=0.2, fr-CA;q=0.7", "fr"),
        ("de;q=0, es", "es"),
        ("EN-gb", "en"),
        ("tlh", None),
        ("*", None),
        ("", None),
        (None, None),
        ("de;q=nonsense", None),
        ("x" * 100_000, None),
    ],
)
def test_a_browsers_languages_choose_the_first_that_there_is(header: str | None, language: str | None) -> None:
    assert prompts.accepted(header) == language


@pytest.mark.parametrize(
    "text",
    [
        "Kann ich bitte mit einem Menschen sprechen?",
        "Verbinden Sie mich bitte mit einem Mitarbeiter",
        "ich möchte mit jemandem vom Support reden",
        "Ich brauche einen echten Menschen!",
        "Mitarbeiter bitte",
        "Persönliche Hilfe",
        "¿Puedo hablar con una persona?",
        "quiero hablar con alguien de soporte",
        "Páseme con un agente por favor",
        "necesito una persona real",
        "agente, por favor",
        "Je voudrais parler à quelqu’un",
        "puis-je parler à un vrai humain ?",
        "Passez-moi un conseiller s'il vous plaît, une vraie personne",
        "mettez-moi en relation avec un conseiller",
        "J'ai besoin d'un conseiller.",
    ],
)
def test_asking_for_a_person_is_heard_in_every_language(text: str) -> None:
    assert asks_for_person(text)


@pytest.mark.parametrize(
    "text",
    [
        "Wie füge ich meinem Team einen Mitarbeiter hinzu?",
        "Ich möchte einen Mitarbeiter anlegen, aber das Feld ist ausgegraut",
        "Die Person im Vertrag ist falsch",
        "Wie verbinde ich mich mit dem Server?",
        "Wie teile ich die Datei mit einer Person?",
        "¿Cómo añado una persona a mi equipo?",
        "El agente de correo no se conecta con el servidor",
        "Quiero un agente nuevo en mi panel de control",
        "Necesito una persona de contacto en la factura",
        "Comment ajouter une personne à mon équipe ?",
        "Personne ne peut se connecter",
        "Je voudrais un agent de plus dans mon forfait",
    ],
)
def test_a_products_own_words_are_no_request_in_any_language(text: str) -> None:
    assert not asks_for_person(text)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("triggers.risks", "Mein Konto wurde gehackt"),
        ("triggers.risks", "Ich nehme mir einen Anwalt"),
        ("triggers.risks", "voy a llamar a mi abogado"),
        ("triggers.risks", "Me han hecho un cargo no autorizado"),
        ("triggers.risks", "mon compte a été piraté"),
        ("triggers.costly", "Es wurde doppelt abgebucht"),
        ("triggers.costly", "Ich will mein Abo kündigen"),
        ("triggers.costly", "quiero un reembolso"),
        ("triggers.costly", "cancelar mi suscripción"),
        ("triggers.costly", "je veux un remboursement"),
        ("triggers.costly", "résilier mon abonnement"),
    ],
)
def test_what_a_person_should_see_is_heard_in_every_language(line: str, text: str) -> None:
    assert prompts.matches(line, text)


@pytest.mark.parametrize(
    "text",
    [
        "Ich habe alles so gemacht, wie es dort steht, hat es geklappt?",
        "lo hice todo como decía el artículo, ¿y ahora?",
        "j'ai tout fait comme dans l'article, c'est bon ?",
        "I did all of that as it says, did it work?",
    ],
)
def test_asking_whether_it_worked_is_heard_in_every_language(text: str) -> None:
    assert asks_if_it_worked(text)


def test_a_moment_is_written_as_people_write_it() -> None:
    then = datetime(2026, 12, 7, 9, 5, tzinfo=UTC)
    assert prompts.moment(then) == "Monday 7 December, 09:05 (UTC)"
    assert prompts.moment(then, "de") == "Montag, 7. Dezember, 09:05 Uhr (UTC)"
    assert prompts.moment(then, "es") == "lunes 7 de diciembre, 09:05 (UTC)"
    assert prompts.moment(then, "fr", today=True) == "09:05 (UTC)"
