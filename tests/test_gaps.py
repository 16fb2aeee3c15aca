"""What stayed open is found in the logs, put together for a reason that is said, and exported without private data."""

import asyncio
import io
import json
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from bot.conversation import Answered, Attachment, Choice, Citation, Event, Message, Rated, Seen
from bot.knowledge.gap_report import markdown, of_cluster, page
from bot.knowledge.gaps import Gap, clusters, gaps
from bot.screenshots.redaction import COVER, Sensitive
from bot.screenshots.screen import Screen
from bot.screenshots.storage import Storage
from bot.state.records import Write
from bot.state.store import Store
from handlers.cli import app

CITED = (Citation(n=1, article="billing/card.md", title="Cards"),)


def asked(turn: int, text: str, picture: str = "", **answer: object) -> list[Event]:
    """A question and its answer."""
    shot = (Attachment(id=picture, media_type="image/png", width=60, height=40, size=9),) if picture else ()
    message = Message(id=f"m{turn}", sender="customer", text=text, attachments=shot)
    return [message, Answered(turn=turn, to=(message.id,), text="…", **answer)]  # type: ignore[arg-type]


def found(*log: Event) -> list[Gap]:
    return list(gaps("p0-1", list(enumerate(log, 1))))


def test_what_was_not_answered_is_a_gap_with_its_screen() -> None:
    seen = Seen(attachment_id="p0-1/a", outcome="read", where="Team", error="Seat limit of anna@example.com reached")
    log = [seen, *asked(1, "Mail me: bob@example.com", "p0-1/a"), *asked(2, "And now?")]
    first, second = found(*log)
    assert (first.why, first.question, first.error) == (
        "nothing_found",
        "Mail me: [email]",
        "Seat limit of [email] reached",
    )
    assert (first.where, first.attachment_id, first.at) == ("Team", "p0-1/a", 3)
    assert second.error == first.error, "a follow-up is about the picture before it"


def test_what_was_answered_asked_back_or_failed_for_want_of_a_model_is_none() -> None:
    assert not found(*asked(1, "Cards?", answered=True))
    assert not found(*asked(1, "Cards?", choices=(Choice(text="Credit"), Choice(text="Debit"))))
    assert not found(*asked(1, "Cards?", model="none"))


def test_answers_that_failed_twice_are_gaps_with_what_was_tried() -> None:
    log = asked(1, "Cards?", answered=True, citations=CITED) + asked(2, "Other cards?", answered=True, citations=CITED)
    once = [*log, Rated(turn=1, helped=False), Rated(turn=2, helped=True)]
    assert not found(*once)
    both = found(*once, Rated(turn=2, helped=False))
    assert [(g.turn, g.why, g.tried) for g in both] == [(n, "did_not_help", ("billing/card.md",)) for n in (1, 2)]


def test_gaps_are_put_together_by_error_then_by_words_then_by_page() -> None:
    def gap(n: int, **fields: str) -> Gap:
        return Gap(at=n, conversation=f"c{n}", turn=1, why="nothing_found", **fields)  # type: ignore[arg-type]

    made = clusters(
        [
            gap(1, error="Seat limit reached for team 12", question="How do I export invoices?"),
            gap(2, error="Seat limit reached for team 99", question="What now?"),
            gap(3, error="seat limit reached for team #7", where="Team"),
            gap(4, question="How can I export my invoices?"),
            gap(5, question="export all invoices as PDF please"),
            gap(6, question="How do I change the currency of invoices?"),
            gap(7, question="What do I do here?", where="Audit log"),
            gap(8, question="Help", where="Audit log"),
            gap(9, question="Thanks"),
            *(gap(n, question="What is this?", attachment_id=f"p{n}") for n in (10, 11, 12)),
        ],
        {
            "p10": frozenset({"plug-ins", "installed", "update all", "by acme"}),
            "p11": frozenset({"plug-ins", "installed", "update all", "1 of 9", "next"}),
            "p12": frozenset({"plug-ins", "nothing here"}),
        },
    )
    assert [(c.because, sorted(g.conversation for g in c.gaps)) for c in made] == [
        ("the same error", ["c1", "c2", "c3"]),
        ("the same lines on the screen", ["c10", "c11"]),
        ("the same page", ["c7", "c8"]),
        ("the same words: export, invoice", ["c4", "c5"]),
        ("one question", ["c12"]),
        ("one question", ["c6"]),
    ]


def test_customers_words_are_no_markup_in_the_report() -> None:
    gap = Gap(at=1, conversation="c", turn=1, why="nothing_found", question="<img src=x> [click](http://x) # invoices")
    items = [of_cluster(cluster, ()) for cluster in clusters([gap])]
    assert "<img src=x>" not in page(items, [], 30, 2)
    text = markdown(items, [], 30, 2)
    assert "<img" not in text.replace("\\<img", "") and "](http" not in text.replace("\\]", "")


@pytest.mark.usefixtures("redis")
async def test_the_export_has_the_clusters_and_a_covered_picture(store: Store, tmp_path: Path) -> None:
    storage = Storage(str(tmp_path / "pictures"))
    png = io.BytesIO()
    Image.new("RGB", (60, 40), "white").save(png, "PNG")
    ids = [await store.open() for _ in range(3)]
    for id_ in ids[:2]:
        path = f"{id_}/a"
        await storage.put(path, png.getvalue())
        covered = (Sensitive(kind="name", box=(10, 10, 30, 20)),)
        await storage.put_screen(path, Screen(sha256="a", width=60, height=40, sensitive=covered))
        seen = Seen(attachment_id=path, outcome="read", where="Team", error="Seat limit reached")
        events = (seen, *asked(1, "Call me: anna@example.com", path))
        await store.accept(id_, Write(events=events, key="k", digest="d"))
    await storage.delete(f"{ids[1]}/")  # the newest picture has expired
    await store.accept(ids[2], Write(events=tuple(asked(1, "Cards?", answered=True)), key="k", digest="d"))

    env = {"HELPLENS_REDIS_URL": store.url, "HELPLENS_STORAGE": str(tmp_path / "pictures")}
    to = tmp_path / "out"
    arguments = ["gaps", "export", "--to", str(to), "--json"]
    result = await asyncio.to_thread(CliRunner().invoke, app, arguments, env=env)
    assert result.exit_code == 0, result.output
    [row] = [json.loads(line) for line in (to / "gaps.jsonl").read_text().splitlines()]
    assert json.loads(result.stdout) == row
    assert (row["name"], row["conversations"], row["picture"]) == ("Seat limit reached", 2, "pictures/001.png")
    assert {gap["conversation"] for gap in row["gaps"]} == set(ids[:2])
    text = (to / "gaps.md").read_text()
    assert "Seat limit reached" in text and "pictures/001.png" in text and "anna" not in text and "Call me" in text
    with Image.open(to / row["picture"]) as picture:
        assert picture.getpixel((20, 15)) == COVER and picture.getpixel((50, 30)) == (255, 255, 255)


@pytest.mark.usefixtures("redis")
async def test_known_problems_from_the_terminal(store: Store) -> None:
    async def run(*arguments: str) -> tuple[int, str]:
        env = {"HELPLENS_REDIS_URL": store.url}
        result = await asyncio.to_thread(CliRunner().invoke, app, ["incident", *arguments], env=env)
        return result.exit_code, result.stdout.strip()

    code, id_ = await run("announce", "Payment failed for order 17", "We are on it.")
    assert code == 0
    listed = json.loads((await run("list", "--json"))[1])
    assert (listed["id"], listed["phrase"], listed["text"]) == (id_, "payment failed for order", "We are on it.")
    assert (await run("end", id_))[0] == 0
    assert (await run("list", "--json"))[1] == "" and (await run("end", id_))[0] != 0
    assert (await run("announce", "Error", "We are on it."))[0] != 0
