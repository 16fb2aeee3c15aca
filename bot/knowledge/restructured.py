"""reStructuredText -> HTML by docutils, as Sphinx projects write it: unknown roles and directives keep their text.

Nothing outside the source is read, and nothing raw is let through.
"""

import re
import textwrap
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.core import publish_parts
from docutils.frontend import get_default_settings
from docutils.parsers.rst import Directive, Parser, directives, roles
from docutils.parsers.rst.directives import unchanged
from docutils.parsers.rst.directives.misc import Include
from docutils.parsers.rst.languages import get_language
from docutils.statemachine import StringList
from docutils.utils import SystemMessage, new_document

LABEL_ROLES = frozenset({"guilabel", "menuselection", "kbd", "command"})
LEFT_OUT = frozenset(
    {"toctree", "mermaid", "raw", "youtube", "vimeo", "video", "graphviz", "contents", "highlight", "index", "todo"}
)


CHANGES = frozenset({"versionadded", "versionchanged", "deprecated", "versionremoved"})
OPTION = re.compile(r":[\w-]+:(?:\s|$)")
FIELDS = re.compile(r"\A\s*(?::[\w -]+:[^\n]*\n(?:[ \t]+\S[^\n]*\n)*)+(?=\s*\n|\Z)")
"""What a page says of itself at its head: `matter` reads it."""


class AnyBlock(Directive):
    """A directive that only a site generator knows: its content is kept, its options are not."""

    has_content = True
    optional_arguments = 100
    final_argument_whitespace = True
    option_spec: ClassVar = defaultdict(lambda: unchanged, alt=unchanged)

    def run(self) -> Sequence[nodes.Node]:
        """The content, as a container."""
        if self.name in LEFT_OUT:
            return []
        block = nodes.container()
        first, _, rest = self.block_text.partition("\n")
        if first.rstrip().endswith("::") or self.name in CHANGES:  # what docutils took for arguments is content
            text = [line for line in textwrap.dedent(rest).splitlines() if not OPTION.match(line)]
            self.content = StringList(text, source="")
            self.arguments = []
        if self.arguments and self.name not in ("only", "container", "rst-class", "versionadded", "code-block"):
            block += nodes.paragraph("", "", nodes.strong("", " ".join(self.arguments)))
        self.state.nested_parse(self.content, self.content_offset, block)
        return [block]


class CodeBlock(AnyBlock):
    """`code-block` with whatever options Sphinx knows: docutils drops code whose options it does not."""

    def run(self) -> Sequence[nodes.Node]:
        """The code."""
        return [nodes.literal_block("", "\n".join(self.content))]


class Tabs(AnyBlock):
    """`tab-set`, `tabs` and `tab-item`: the same, under names that docutils does not know."""


class InsideInclude(Include):
    """`.. include::` of a file inside the source; others become nothing."""

    def run(self) -> Sequence[nodes.Node]:
        """The included nodes."""
        settings = self.state.document.settings
        root = Path(settings.help_root)
        name = self.arguments[0]
        here = Path(self.state_machine.get_source(self.lineno) or ".")
        bases = [root] if name.startswith("/") else [here.parent, Path(settings.help_path).parent, root]
        for base in bases:
            path = (base / name.lstrip("/")).resolve()
            if path.is_relative_to(root) and _is_file(path):
                settings.help_included.append(path.relative_to(root).as_posix())
                lines = path.read_text("utf-8", errors="replace").splitlines()
                self.state_machine.insert_input(StringList(lines, source=str(path)), str(path))
                return []
        return []


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that no file can have
        return False


def rst_to_html(text: str, path: Path, root: Path, included: list[str]) -> str:
    """The HTML of reStructuredText; names of included files are added to `included`. Raises ValueError."""
    text = FIELDS.sub("", text)
    register(text)
    overrides = {
        "report_level": 5,
        "halt_level": 5,
        "raw_enabled": False,
        "file_insertion_enabled": False,  # InsideInclude looks for itself; tables and figures read no files
        "input_encoding": "unicode",
        "embed_stylesheet": False,
        "syntax_highlight": "none",
        "doctitle_xform": False,
        "initial_header_level": 1,
        "help_root": str(root.resolve()),
        "help_path": str(path.resolve()),
        "help_included": included,
        "_disable_config": True,
    }
    try:
        parts = publish_parts(text, source_path=str(path.resolve()), writer="html5", settings_overrides=overrides)
    except (SystemMessage, ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError) as error:
        raise ValueError(f"reStructuredText that docutils cannot read: {error}") from error
    return str(parts["html_body"])


def register(text: str) -> None:
    """Make docutils keep the text of every role and directive in `text` that it does not know itself.

    Its registries belong to the process; what is registered here changes nothing for what it knows.
    """
    directives.register_directive("include", InsideInclude)
    for name in ("code-block", "sourcecode", "code"):
        directives.register_directive(name, CodeBlock)
    settings = get_default_settings(Parser)
    settings.report_level = 5
    document = new_document("known", settings)
    english: Any = get_language("en", document.reporter)
    for name in set(re.findall(r"^\s*\.\. ([\w:-]+)::", text, re.MULTILINE)):
        if name in LEFT_OUT or directives.directive(name, english, document)[0] is None:
            directives.register_directive(name, AnyBlock)
    for name in {"guilabel", "doc", "ref"} | set(re.findall(r"(?<![\w`]):([\w:-]+):`", text)):
        if roles.role(name, english, 0, document.reporter)[0] is None:
            roles.register_local_role(name, keep_text)


def keep_text(
    name: str, rawtext: str, text: str, lineno: int, inliner: Any, options: Any = None, content: Any = None
) -> tuple[list[Any], list[Any]]:
    """A role of Sphinx: what it shows is kept, where it leads is not; UI labels become bold."""
    shown = re.sub(r"\s*<[^<>]*>$", "", text).lstrip("~!").replace("--&gt;", ">").replace("-->", ">")
    if name.rsplit(":", 1)[-1] in LABEL_ROLES:
        return [nodes.strong(rawtext, re.sub(r"&(?=\w)", "", shown))], []
    if shown.startswith("/") or (name == "ref" and shown == text):
        shown = re.sub(r"[-_/]+", " ", shown).strip()
    return [nodes.inline(rawtext, shown)], []
