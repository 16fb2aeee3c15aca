"""The house is as README and the design say: its tree, its words, its imports, its quiet start."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import prompts

ROOT = Path(__file__).parent.parent
CODE = [*ROOT.glob("bot/**/*.py"), *ROOT.glob("handlers/**/*.py"), *ROOT.glob("prompts/*.py")]


def lines_said() -> set[tuple[str, frozenset[str]]]:
    """Every `say("room.line", a=..., b=...)` in the code whose line is written out, with its inputs."""
    found = set()
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "say"):
                continue
            if not (node.args and isinstance(node.args[0], ast.Constant) and "." in str(node.args[0].value)):
                continue
            names = frozenset(keyword.arg for keyword in node.keywords if keyword.arg not in (None, "language"))
            if all(keyword.arg for keyword in node.keywords):
                found.add((str(node.args[0].value), names))
    return found


@pytest.mark.parametrize(("line", "inputs"), sorted(lines_said(), key=str))
def test_every_line_that_is_said_exists_with_its_inputs(line: str, inputs: frozenset[str]) -> None:
    assert prompts.say(line, **dict.fromkeys(inputs, "x"))


def test_words_that_do_not_exist_or_do_not_fit_are_an_error() -> None:
    with pytest.raises(prompts.WordsError, match="no words for"):
        prompts.say("answering.no_such_line")
    with pytest.raises(prompts.WordsError, match="takes"):
        prompts.say("answering.saw_error")
    with pytest.raises(prompts.WordsError, match="takes"):
        prompts.say("answering.unsure", surplus="x")


def test_a_language_that_lacks_a_line_falls_back_to_english() -> None:
    assert prompts.say("answering.unsure", "tlh") == prompts.say("answering.unsure")


def test_readmes_tree_is_the_tree() -> None:
    tree = re.search(r"## Where things are\n+```\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.S)
    assert tree
    folders: list[str] = []
    for row in tree[1].splitlines():
        name = row.split()[0]
        folder = "" if not row.startswith(" ") else folders[0]
        if not folder:
            folders = [name]
        assert (ROOT / folder / name).exists(), f"README names {folder}{name}, which does not exist"
    shown = set(re.findall(r"^(\w+)/", tree[1], re.M))
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    real = {line.split("/")[0] for line in tracked.splitlines() if "/" in line and not line.startswith(".")}
    assert real <= shown, f"README's tree lacks {real - shown}"


def test_every_room_of_the_bot_has_its_layer_and_the_architecture_says_which() -> None:
    found = [*ROOT.glob("bot/*.py"), *(path.parent for path in ROOT.glob("bot/*/__init__.py"))]
    rooms = {path.stem for path in found} - {"__init__"}
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["layers"][0].startswith("bot."))
    ruled = {room.strip().removeprefix("bot.") for layer in layers for room in layer.split("|")}
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    table = re.search(r"## Imports point one way\n+```\n(.*?)```", text, re.S)
    assert table
    named = {word.removeprefix("bot.") for row in table[1].splitlines() for word in re.split(r" {3,}", row)[0].split()}
    assert rooms == ruled
    assert rooms | {"handlers", "prompts"} == named


def test_every_bench_is_in_their_list() -> None:
    tables = [line for line in (ROOT / "tests/bench/README.md").read_text().splitlines() if line.startswith("| `")]
    named = {name for line in tables for name in re.findall(r"`(\w+)`", line.split("|")[1])}
    benches = {path.stem for path in (ROOT / "tests/bench").glob("*.py")}
    assert named == benches


def test_importing_the_house_opens_nothing() -> None:
    """No socket, no process, no file for writing: things are opened by the composition root."""
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in ROOT.glob("bot/**/*.py")]
    names = sorted(module.removesuffix(".__init__") for module in modules if not module.endswith("__main__"))
    code = (
        "import sys\n"
        "def watch(event, args):\n"
        "    if event in ('socket.connect', 'socket.bind', 'subprocess.Popen', 'os.fork'): raise SystemExit(event)\n"
        "    if event == 'open' and isinstance(args[1], str) and set('wax+') & set(args[1])"
        " and not str(args[0]).endswith(('.pyc',)) and '__pycache__' not in str(args[0])"
        " and not str(args[0]).startswith('/dev/'): raise SystemExit(f'{event} {args}')\n"
        # third parties first: what they do at import is theirs
        "import bot.telemetry, bot.screenshots.screen, bot.knowledge.retriever, bot.state.store\n"
        "sys.addaudithook(watch)\n"
        "import importlib\n"
        f"for name in {names!r}:\n"
        "    try: importlib.import_module(name)\n"
        "    except ModuleNotFoundError as error:\n"
        "        if error.name not in ('torch', 'transformers'): raise\n"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr + done.stdout
