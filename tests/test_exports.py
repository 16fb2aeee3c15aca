"""Export files of Zendesk Guide and Intercom are help centres: an article each, drafts left out and said."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.knowledge.fusion import Query
from bot.knowledge.index import Index, NoArticles, build
from bot.knowledge.ranking import rank
from handlers.cli import app
from tests.exports import intercom, write, zendesk

DIM = "<h2>By hand</h2><ol><li>Open <strong>Lamps &gt; Brightness</strong>.</li><li>Drag <b>Dimmer</b>.</li></ol>"


async def test_zendesk_pages_become_articles_with_links_and_structure(tmp_path: Path) -> None:
    centre = tmp_path / "centre"
    page = {"count": 4, "page": 1, "next_page": "https://lamps.example/page2"}
    translated = {"locale": "de", "title": "Lampen dimmen", "body": "<p>Den <b>Dimmer</b> ziehen.</p>", "draft": False}
    write(
        centre / "page-1.json",
        page
        | {
            "articles": [
                zendesk(1, "Dim the lamps", DIM, translations=[translated], label_names=["plan:pro", "featured"]),
                zendesk(2, "Not yet", "<p>Soon: curtains.</p>", draft=True),
                zendesk(3, "For agents", "<p>The master password.</p>", user_segment_id=99),
            ]
        },
    )
    write(centre / "page-2.json", page | {"articles": [zendesk(4, "Empty", ""), zendesk(5, "Fuse", "<p>Buy one.</p>")]})
    write(centre / "package.json", {"name": "not an article", "articles": ["x"]})
    report = await build(centre, tmp_path / "kb")
    index = Index.open(tmp_path / "kb")
    assert index.articles == ("zendesk/en-us/1", "zendesk/de/1", "zendesk/en-us/5")
    assert report.left_out == (
        "zendesk/en-us/2 (Not yet): a draft",
        "zendesk/en-us/3 (For agents): only for a user segment",
        "zendesk/en-us/4 (Empty): without text",
    )
    assert report.unreadable == ()
    passage = rank(index, Query(question="dim the lamps by hand")).hits[0].passage
    assert (passage.title, passage.url) == ("Dim the lamps", "https://lamps.example/hc/en-us/articles/1")
    assert passage.steps == ("Open **Lamps > Brightness**.", "Drag **Dimmer**.")
    assert [(r["language"], r["audience"]) for r in index.records[:2]] == [("en", ["plan:pro"]), ("de", ["plan:pro"])]


async def test_intercom_articles_in_every_language_but_drafts(tmp_path: Path) -> None:
    german = {"type": "article_content", "title": "Dimmen", "body": "<p>Ziehen.</p>", "state": "published", "url": "u"}
    french = german | {"title": "Varier", "state": "draft"}
    content = {"type": "article_translated_content", "en": german, "de": german, "fr": french, "it": None}
    first = intercom("17", "Dim", DIM, translated_content=content)
    second = intercom("18", "Later", "<p>No.</p>", state="draft")
    export = write(tmp_path / "articles.json", {"type": "list", "pages": {"page": 1}, "data": [first, second]})
    report = await build(export, tmp_path / "kb")
    index = Index.open(tmp_path / "kb")
    assert [(r["path"], r["title"], r["language"]) for r in index.records] == [
        ("intercom/en/17", "Dim", "en"),
        ("intercom/de/17", "Dimmen", "de"),
    ]
    assert report.left_out == ("intercom/fr/17 (Varier): a draft", "intercom/en/18 (Later): a draft")


async def test_one_article_a_line_reads_only_what_changed_and_takes_the_newest(tmp_path: Path) -> None:
    centre = tmp_path / "centre"
    centre.mkdir()
    articles = [zendesk(n, f"Lamp {n}", f"<p>Lamp number {n}.</p>") for n in range(3)]

    def lines() -> str:
        return "\n".join(json.dumps(article) for article in articles)

    (centre / "a.ndjson").write_text(lines(), "utf-8")
    assert (await build(centre, tmp_path / "kb")).read == 3
    newer = zendesk(0, "Lamp 0", "<p>Chandelier.</p>", updated_at="2026-02-01T00:00:00Z")
    write(centre / "b.json", [{"articles": [newer]}])
    articles.pop()
    (centre / "a.ndjson").write_text(lines(), "utf-8")
    report = await build(centre, tmp_path / "kb")
    assert (report.articles, report.read, report.unchanged, report.removed) == (2, 1, 1, 1)
    assert rank(Index.open(tmp_path / "kb"), Query(question="chandelier")).hits[0].passage.article == "zendesk/en-us/0"


async def test_an_export_broken_off_and_a_file_that_is_none_are_said(tmp_path: Path) -> None:
    whole = json.dumps({"articles": [zendesk(1, "Dim", DIM)]})
    (tmp_path / "half.json").write_text(whole[:-20], "utf-8")
    (tmp_path / "lines.ndjson").write_text(json.dumps(zendesk(1, "Dim", DIM)) + '\n{"html_url": ', "utf-8")
    with pytest.raises(NoArticles, match=r"half\.json: an export that is no whole JSON"):
        await build(tmp_path / "half.json", tmp_path / "kb")
    with pytest.raises(NoArticles, match="line 2"):
        await build(tmp_path / "lines.ndjson", tmp_path / "kb")
    other = write(tmp_path / "other.json", {"a": 1})
    with pytest.raises(NoArticles, match=r"other\.json: no export of Zendesk Guide or of Intercom"):
        await build(other, tmp_path / "kb")


def test_an_owner_indexes_an_export_and_searches_in_one_language(tmp_path: Path) -> None:
    german = {"type": "article_content", "title": "Dimmer", "body": "<p>Dimmer ziehen.</p>", "state": "published"}
    article = intercom("17", "Dimmer", DIM, translated_content={"de": german, "fr": german | {"state": "draft"}})
    export, kb = write(tmp_path / "articles.json", {"type": "list", "data": [article]}), str(tmp_path / "kb")
    built = CliRunner().invoke(app, ["kb", "build", str(export), "--to", kb])
    assert "2 articles" in built.output
    assert "left out: intercom/fr/17 (Dimmer): a draft" in built.output
    options = ["kb", "search", "--kb", kb, "--question", "dimmer", "--json"]
    found = CliRunner().invoke(app, [*options, "--language", "de"])
    assert [json.loads(line)["article"] for line in found.stdout.splitlines()] == ["intercom/de/17"]
    assert len(CliRunner().invoke(app, [*options, "--language", "nl"]).stdout.splitlines()) == 2
