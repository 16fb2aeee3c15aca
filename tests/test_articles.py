"""A help centre of any format becomes passages whose structure is kept: headings, steps, labels, warnings, includes."""

from pathlib import Path

import pytest

from bot.knowledge.articles import Article
from bot.knowledge.sources import UnreadableArticle, listed, read_article


def article(folder: Path, name: str, text: str) -> Article:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return read_article(path, folder)


def test_markdown_keeps_title_headings_steps_labels_and_warnings(tmp_path: Path) -> None:
    read = article(
        tmp_path,
        "billing/cards.md",
        """---
title: Cards
plan: pro
---
# Cards

Everything about cards.

## Replace a card

1. Open **Settings > Billing**.
2. Click **Replace card**, then `Save`.

> [!WARNING]
> The old card is charged until midnight.

| Field | Meaning |
|---|---|
| **Name on card** | As printed |
""",
    )
    assert read.title == "Cards"
    assert read.audience == ("plan:pro",)
    passage = next(p for p in read.passages if p.headings == ("Replace a card",))
    assert passage.steps == ("Open **Settings > Billing**.", "Click **Replace card**, then `Save`.")
    assert {"Settings", "Billing", "Replace card", "Save", "Name on card"} <= set(passage.labels)
    assert passage.warnings == ("The old card is charged until midnight.",)
    assert "](" not in passage.text
    assert "<" not in passage.text


def test_restructured_text_with_roles_directives_substitutions_and_includes(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "after.txt").write_text("Then wait for the *green* light.\n", "utf-8")
    read = article(
        tmp_path,
        "mail.rst",
        """Mail
====

.. |product| replace:: Postbox

Connect |product| by :guilabel:`Add account` or :menuselection:`File --> New`, see :doc:`other </guide>`.

.. warning:: Never share the code.

.. tab-set::

   .. tab-item:: Linux

      Run ``postbox --start``.

.. include:: parts/after.txt
.. include:: ../../../../etc/hostname
""",
    )
    text = "\n".join(p.text for p in read.passages)
    assert "Connect Postbox by **Add account**" in text
    assert "postbox --start" in text
    assert "green" in text
    assert read.includes == ("parts/after.txt",)
    labels = {label for p in read.passages for label in p.labels}
    assert {"Add account", "File", "New"} <= labels
    assert [w for p in read.passages for w in p.warnings] == ["Never share the code."]


def test_the_content_tells_the_format_where_the_name_does_not(tmp_path: Path) -> None:
    rst = article(tmp_path, "a.md", "Title\n#####\n\nPart\n****\n\n.. note:: Look here.\n\nSee :ref:`x`.\n")
    adoc = article(tmp_path, "b.md", ":toc:\n\n== Groups\n\n. Open *Admin*.\n. Click *Add*.\n\nNOTE: Ask first.\n")
    assert (rst.title, adoc.title) == ("Title", "Groups")
    assert adoc.passages[0].steps == ("Open **Admin**.", "Click **Add**.")


def test_html_mdx_and_template_tags_leave_text_only(tmp_path: Path) -> None:
    page = article(
        tmp_path,
        "page.html",
        "<html><head><title>Keys</title><script>x()</script></head><body><nav>Home</nav><main><h1>Keys</h1>"
        "<ol start=3><li>Press <b>Rotate</b></li></ol><img src=k.png alt='The key list'></main></body></html>",
    )
    assert page.passages[0].text.startswith("3. Press **Rotate**")
    assert page.passages[0].pictures[0].alt == "The key list"
    mdx = article(
        tmp_path,
        "page.mdx",
        "import X from './x'\n\nexport const meta = {a: 1}\n\n# Zones\n\n<Warning>Wait an hour.</Warning>\n\n"
        '{% hint style="danger" %}\nNo way back.\n{% endhint %}\n\n<X />\n\nDone.\n',
    )
    text = "\n".join(p.text for p in mdx.passages)
    assert "import" not in text
    assert "hint" not in text
    assert {w for p in mdx.passages for w in p.warnings} == {"Wait an hour.", "No way back."}


def test_an_include_stays_inside_the_source(tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("outside", "utf-8")
    centre = tmp_path / "centre"
    (centre / "includes").mkdir(parents=True)
    (centre / "includes" / "name.md").write_text("---\na: b\n---\nAcme Desk", "utf-8")
    read = article(centre, "x.md", "# X\n\nOpen [!INCLUDE [n](includes/name.md)] now.[!INCLUDE [n](../secret.md)]\n")
    assert read.passages[0].text == "Open Acme Desk now."


def test_what_is_no_article_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.md").write_bytes(b"\0\1\2")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "y.md").write_text("no", "utf-8")
    assert [p.name for p in listed(tmp_path)] == ["x.md"]
    with pytest.raises(UnreadableArticle, match="not a text file"):
        read_article(tmp_path / "x.md", tmp_path)


def test_hostile_articles_read_no_file_outside_and_break_nothing(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("password,hunter2", "utf-8")
    centre = tmp_path / "centre"
    table = f"T\n=\n\n.. csv-table::\n   :file: {tmp_path / 'secret.csv'}\n\n.. include:: {'x' * 300}\n\nEnd.\n"
    assert "hunter2" not in str(article(centre, "t.rst", table))
    assert article(centre, "n.md", f"# N\n\n[!INCLUDE [n]({'y' * 300}.md)] End.\n").passages[0].text == "End."
    with pytest.raises(UnreadableArticle, match="nested too deeply"):
        article(centre, "deep.html", "<div>" * 5000 + "x")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.md", "# Größe ändern\n\nKlicken Sie auf **Größe**.".encode("cp1252")),
        ("b.md", "# Größe ändern\n\nKlicken Sie auf **Größe**.".encode("utf-16")),
        ("c.md", "\ufeff# Größe ändern\n\nKlicken Sie auf **Größe**.".encode()),
        (
            "d.html",
            '<meta charset="iso-8859-2"><h1>Größe ändern</h1><p>Klicken Sie auf <b>Größe</b>.'.encode("iso-8859-2"),
        ),
    ],
)
def test_letters_are_read_in_the_encoding_that_a_file_is_in(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    article = read_article(tmp_path / name, tmp_path)
    assert article.title == "Größe ändern"
    assert article.passages[0].labels == ("Größe",)
