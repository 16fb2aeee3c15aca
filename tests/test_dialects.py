"""In each dialect warnings stay warnings, steps steps and labels labels, and no markup is left in the text."""

import re
from pathlib import Path

import pytest

from bot.knowledge.articles import Passage
from bot.knowledge.sources import read_article

LEFT = re.compile(r"[{}<>]|:::|!!!|\[!|\\|∗|^\s*\.\. |===|\|\w+\|", re.MULTILINE)
"""What markup leaves behind."""


def passage(tmp_path: Path, name: str, text: str) -> Passage:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    (first, *_) = read_article(path, tmp_path).passages
    return first


@pytest.mark.parametrize(
    "text",
    [
        "> Warning: Never unplug it.",
        "> **Warning:** Never unplug it.",
        "> **Warning**\n> Never unplug it.",
        "> ⚠️ **Warning**: Never unplug it.",
        "> [!WARNING]\n> Never unplug it.",
        "**Achtung!** Never unplug it.",
        ":::warning\nNever unplug it.\n:::",
        "::: danger\nNever unplug it.\n:::",
        "!!! warning\n    Never unplug it.",
        "??? danger\n    Never unplug it.",
        '{% hint style="warning" %}\nNever unplug it.\n{% endhint %}',
        '{{< alert color="warning" >}}Never unplug it.{{< /alert >}}',
        "{{% notice warning %}}\nNever unplug it.\n{{% /notice %}}",
        "{: .warning }\n> Never unplug it.",
        "{: .warning }\nNever unplug it.",
        '<div class="callout callout--warning">Never unplug it.</div>',
        '<p class="warning">Never unplug it.</p>',
        "<Warning>Never unplug it.</Warning>",
        '<Callout type="warning" emoji="!">\n  Never unplug it.\n</Callout>',
        "<Aside type='caution'>\n\n  Never unplug it.\n\n</Aside>",
        "1. Open the box.\n\n   > [!WARNING]\n   > Never unplug it.\n",
        "1. Open the box.\n\n   !!! warning\n       Never unplug it.\n",
        "1. Open the box.\n   <Warning>\n   Never unplug it.\n   </Warning>\n",
    ],
)
def test_a_warning_is_one_in_every_dialect_of_markdown(tmp_path: Path, text: str) -> None:
    found = passage(tmp_path, "a.md", f"# Box\n\n{text}\n\nAfter it, **Start**.\n")
    assert found.warnings == ("Never unplug it.",)
    assert found.labels == ("Start",)
    assert all("unplug" not in step for step in found.steps), "a warning is told apart from the step"
    assert not LEFT.search(found.text)


@pytest.mark.parametrize(
    "text",
    [
        ":::warning Hot lid\nWait.\n:::",
        ":::warning[Hot lid]\nWait.\n:::",
        ':::warning{title="Hot lid"}\nWait.\n:::',
        '!!! warning "Hot lid"\n    Wait.',
        '<Admonition type="danger" title="Hot lid">\n\nWait.\n\n</Admonition>',
    ],
)
def test_a_warning_s_own_title_is_told_with_it(tmp_path: Path, text: str) -> None:
    found = passage(tmp_path, "a.md", f"# Box\n\n{text}\n")
    assert (found.warnings, found.text) == (("Hot lid: Wait.",), "Hot lid:\n\nWait.")


def test_what_only_notes_is_no_warning(tmp_path: Path) -> None:
    parts = ("> **Note**\n> Keep it.", ":::tip\nDo.\n:::", "> Somebody said so.", "Important parts are blue.")
    text = "\n\n".join((*parts, "<Note>Fine.</Note>\n"))
    found = passage(tmp_path, "a.md", text)
    assert (found.warnings, found.labels) == ((), ())
    assert found.text == "Keep it.\n\nDo.\n\nSomebody said so.\n\nImportant parts are blue.\n\nFine."


MDX = """---
title: Connect
---
import { Steps } from 'components'
export const name = "x"

<Steps>
  <Step title="Open the settings">
    Go to **Settings > Inboxes**, {name}.

    <Frame caption="x">
      <img src="/images/a.png" alt="Inboxes" />
    </Frame>
  </Step>
  <Step
    title="Choose"
  >
    Press <kbd>Enter</kbd>:

    ```bash
    run <this> {now}
    ```
  </Step>
</Steps>

<Tabs>
  <TabItem value="mac" label="macOS">
    - Open **Finder**.
      - Then **Go**.
  </TabItem>
</Tabs>

Hover <Tooltip tip="a thing">here</Tooltip>. <Icon icon="flag" />

<Screenshot src="./b.png" alt="The end" />
"""


def test_components_of_mdx_are_steps_titles_and_pictures(tmp_path: Path) -> None:
    found = passage(tmp_path, "a.mdx", MDX)
    assert found.steps == (
        "Open the settings: Go to **Settings > Inboxes**, .",
        "Choose: Press `Enter`: `run <this> {now}`",
    )
    assert found.text.endswith("**macOS**\n\n- Open **Finder**.\n   - Then **Go**.\n\nHover here.")
    assert [(p.path, p.alt) for p in found.pictures] == [("/images/a.png", "Inboxes"), ("./b.png", "The end")]
    assert not LEFT.search(found.text.replace("Settings >", "").replace("run <this> {now}", ""))


STEPS = """# Back up

1. Open **Admin → Backup** or go to **Tools / Backup / Now**.

   ![dialog](a.png)

2. Choose
   1. a name
   2. a place
3. Run:

   ```bash
   backup --all
   ```

=== "Linux"

    Use **Terminal**.

4) Not a step of that list[^1].

[^1]: A note.
"""


def test_steps_hold_their_sub_steps_pictures_and_code(tmp_path: Path) -> None:
    found = passage(tmp_path, "a.md", STEPS)
    assert found.steps[1] == "Choose: a name; a place."
    assert found.labels[:5] == ("Admin", "Backup", "Tools", "Now", "backup --all")
    assert "2. Choose\n   a) a name\n   b) a place\n3. Run:\n   `backup --all`" in found.text
    assert [p.alt for p in found.pictures] == ["dialog"]
    assert "**Linux**\n\nUse **Terminal**." in found.text
    assert "A note" not in found.text
    assert not LEFT.search(found.text)


def test_paragraphs_that_number_themselves_are_steps(tmp_path: Path) -> None:
    html = "<main><p>1. Open <b>A</b>.</p><p><img src=x.png></p><p>2) Close it.</p><p>7. Odd.</p><p>2026. A year.</p>"
    assert passage(tmp_path, "a.html", html).steps == ("Open **A**.", "Close it.")


RST = """:orphan:
:title: Nothing to read

Users
=====

Click :guilabel:`&Save`.

.. danger::

   Lost for ever.

.. admonition:: Watch out
   :class: warning

   Custom.

.. versionadded:: 6.0
   New here.

#. First.

   .. image:: img/b.png

   .. warning:: In a step.

.. hlist::
   :columns: 2

   * one

.. code-block:: sh
   :linenos:
   :caption: x

   ls -a
"""


def test_restructured_text_keeps_warnings_code_and_labels(tmp_path: Path) -> None:
    found = passage(tmp_path, "a.rst", RST)
    assert found.warnings == ("Lost for ever.", "Watch out: Custom.", "In a step.")
    assert (found.steps, found.labels[0]) == (("First.",), "Save")
    assert [(p.path, p.alt) for p in found.pictures] == [("img/b.png", "")]
    assert {"New here.", "- one", "`ls -a`"} <= set(found.text.split("\n\n"))
    assert "Nothing to read" not in found.text
    assert not LEFT.search(found.text)


ADOC = """= Install
:product: Kiln

[WARNING]
.Hot
====
Wait an hour.

Then go on.
====

. Open *Tools* in {product}.
.. Not yet
. Click menu:File[Export].
+
image::x.png[Export]
+
CAUTION: Slowly.
. Done

|===
|A |B

|*Save* |link:http://x[Doc]
|===
"""


def test_asciidoc_keeps_warnings_steps_and_cells(tmp_path: Path) -> None:
    found = passage(tmp_path, "a.adoc", ADOC)
    assert found.warnings == ("Hot Wait an hour. Then go on.", "Slowly.")
    assert found.steps == ("Open **Tools** in Kiln. Not yet.", "Click **File > Export**.", "Done")
    assert "- **Save** | Doc" in found.text
    assert not LEFT.search(found.text.replace("File >", ""))
