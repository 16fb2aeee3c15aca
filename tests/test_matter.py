"""An article's language, version, plan and audience, in every way that help centres say them."""

import time
from pathlib import Path

import orjson
import pytest

from bot.knowledge.index import Index, build
from bot.knowledge.matter import facets_of, fields, front_matter, html_matter, language_of
from bot.knowledge.releases import fits
from bot.knowledge.website import content
from tests.centre import write

BODY = "# Dim the lamp\n\nOpen the **Lamp panel** and drag the **Dimmer** to the left until it is dark.\n"
GERMAN = (
    "# Lampe dimmen\n\nÖffnen Sie das **Lamp panel** und ziehen Sie den **Dimmer** nach links, bis es dunkel ist.\n"
)
ALL = ("version:8", "plan:pro", "plan:team", "audience:admin")


async def told(tmp_path: Path, name: str, text: str) -> tuple[str, tuple[str, ...]]:
    """Language and facets of one article, as the index keeps them."""
    await build(write(tmp_path / "centre", {name: text}), tmp_path / "kb")
    (record,) = Index.open(tmp_path / "kb").records
    return record["language"], tuple(record["audience"])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.md", "---\nlang: de-AT\nversion: 8\nplan: pro, team\naudience: admin\n---\n" + BODY),
        ("a.mdx", "---\nlocale: de_DE\nversions: ['8']\nplans:\n  - pro\n  - team\naudiences: [admin]\n---\n" + BODY),
        ("a.md", '+++\nlanguage = "de"\nversion = 8\nplan = ["pro", "team"]\naudience = "admin"\n+++\n' + BODY),
        (
            "a.rst",
            ":language: de\n:version: 8\n:plan: pro, team\n:audience: admin\n\nDim the lamp\n============\n\nOpen.\n",
        ),
        ("a.adoc", "= Dim the lamp\n:lang: de\n:version: 8\n:plan: pro, team\n:audience: admin\n\nOpen the panel.\n"),
        (
            "a.html",
            '<!doctype html><html lang="de-CH"><head><meta name="version" content="8"><meta content="pro, team" '
            "name='plan'><meta name=audience content=admin></head><body><h1>Dim</h1><p>Open it.</p></body></html>",
        ),
        ("de-AT/v8/a.md", "---\nplan: pro, team\naudience: admin\n---\n" + BODY),
        ("docs/version-8/a.de.md", "---\nplan: [pro, team]\naudience: admin\n---\n" + BODY),
    ],
)
async def test_every_way_of_saying_it_is_read(tmp_path: Path, name: str, text: str) -> None:
    assert await told(tmp_path, name, text) == ("de", ALL)


async def test_a_language_that_nobody_names_is_told_by_the_text(tmp_path: Path) -> None:
    assert (await told(tmp_path / "en", "lamp.md", BODY))[0] == "en"
    assert (await told(tmp_path / "de", "lamp.md", GERMAN))[0] == "de"
    assert (await told(tmp_path / "it", "it/lamp.md", BODY))[0] == "en", "a department, not a language"
    assert (await told(tmp_path / "ui", "ui/es/lamp.md", "# X\n\nY.\n"))[0] == "es"
    assert (await told(tmp_path / "xx", "lamp.md", "# 42\n\n`{}`\n"))[0] == ""


@pytest.mark.parametrize(
    ("matter", "facets"),
    [
        ("version: 8.10", ("version:8.10",)),
        ("version: '>=8.2,<9'", ("version:>=8.2,<9",)),
        ("versions: {cloud: '*', server: '>=3.10'}", ("version:cloud", "version:>=3.10")),
        ("audience: everyone\nplan: All", ()),
        ("audience:\nplan: ~\nversion: null", ()),
        ("plan: [pro, [x], {y: z}]", ("plan:pro",)),
        ("plan: Pro,pro , ,Team", ("plan:Pro", "plan:Team")),
    ],
)
def test_values_stay_as_they_are_written(matter: str, facets: tuple[str, ...]) -> None:
    meta, _ = front_matter(f"---\n{matter}\n---\ntext")
    assert facets_of(meta, "a.md") == facets


def test_nothing_that_a_file_may_hold_takes_long() -> None:
    """Comments before the page, values like a novel, brackets without end: an attacker's help centre is indexed too."""
    started = time.process_time()
    hostile = "<!-- x -->" * 5_000 + "<p>"
    assert language_of({}, hostile, "a.html", ()) == ""
    assert facets_of({"version": "-" * 50_000, "plan": ["x" * 50_000, "pro"]}, "v8/" * 5_000 + "a.md") == ("plan:pro",)
    assert not fits("8" * 60, "-" * 100) and not fits("1." * 30, ">=" * 50)
    assert html_matter("<meta " * 5_000 + 'name="plan" content="' + "x" * 5_000) == {}
    assert fields(":plan:" * 5_000) == {}
    assert front_matter("---\n" + "[" * 3_000 + "\n---\nx")[1] == "x"
    assert time.process_time() - started < 5


def test_norwegian_is_not_false_and_an_interfaces_version_is_not_the_products() -> None:
    assert front_matter("---\nlang: no\ntitle: 2024\n---\n")[0] == {"lang": "no", "title": "2024"}
    assert facets_of({}, "guide/8.x/a.md") == ("version:8.x",)
    assert facets_of({}, "api/v2/a.md") == facets_of({}, "8/a.md") == facets_of({}, "v8.md") == ()
    assert facets_of({"version": "7"}, "v8/a.md") == ("version:7",)


def test_a_crawled_page_keeps_what_its_elements_say() -> None:
    page = '<html lang="fr"><head><meta name="docsearch:version" content="4.2"></head><main><h1>Dim</h1></main></html>'
    meta, _ = front_matter(content(page, "https://help.example/dim"))
    assert (meta["language"], facets_of(meta, "dim.html")) == ("fr", ("version:4.2",))


async def test_exports_say_it_by_labels_and_tags_and_segments_stay_out(tmp_path: Path) -> None:
    zendesk = {"id": 1, "locale": "de", "title": "Dim", "body": "<p>Open it.</p>", "html_url": "https://x.example/1"}
    zendesk |= {"label_names": ["Plan: pro", "version:8", "plans:team", "audience:admin", "other", "x:y"]}
    intercom = {"type": "article", "id": "2", "workspace_id": "w", "default_locale": "de", "state": "published"}
    intercom |= {"title": "Dim", "body": "<p>Open it.</p>"}
    tags = {"type": "tag.list", "tags": [{"name": name} for name in zendesk["label_names"]]}  # type: ignore[attr-defined]
    closed = intercom | {"id": "3", "content_segment_ids": [7]}
    exports = {"z.json": {"articles": [zendesk]}, "i.json": {"data": [intercom | {"tags": tags}, closed]}}
    folder = write(tmp_path / "centre", {name: orjson.dumps(data).decode() for name, data in exports.items()})
    report = await build(folder, tmp_path / "kb")
    records = Index.open(tmp_path / "kb").records
    assert [(r["language"], sorted(r["audience"])) for r in records] == [("de", sorted(ALL))] * 2
    assert report.left_out == ("intercom/de/3 (Dim): only for a segment",)


async def test_a_build_counts_them_and_an_earlier_readers_articles_are_read_again(tmp_path: Path) -> None:
    articles = {"a.md": "---\nplan: pro\n---\n" + BODY, "b.md": "---\nplan: pro\nversion: 8\n---\n" + BODY}
    folder = write(tmp_path / "centre", articles | {"de/a.md": GERMAN})
    report = await build(folder, tmp_path / "kb")
    assert report.languages == {"en": 2, "de": 1}
    assert report.facets == {"plan:pro": 2, "version:8": 1}
    again = await build(folder, tmp_path / "kb")
    assert (again.read, again.unchanged, again.languages, again.facets) == (0, 3, report.languages, report.facets)
    about = Index.open(tmp_path / "kb").path / "index.json"
    about.write_bytes(about.read_bytes().replace(b'"reader":', b'"earlier":'))
    assert (await build(folder, tmp_path / "kb")).read == 3
