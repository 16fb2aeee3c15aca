"""No model call goes around the gate: models are made in one module, and agents get it next to their model."""

import ast
from pathlib import Path

from bot.answering.agent import ModelRung
from bot.answering.privacy import PrivacyMiddleware

ROOT = Path(__file__).parent.parent
MAKERS = {"init_chat_model", "OpenAICompatible", "VisionChat"}
"""What makes a chat model."""


def calls(path: Path) -> set[str]:
    """The names that a file calls."""
    tree = ast.parse(path.read_text("utf-8"))
    return {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}


def test_models_and_agents_are_made_in_one_place_each() -> None:
    sources = [path for folder in ("bot", "handlers") for path in (ROOT / folder).rglob("*.py")]
    makers = {path.name for path in sources if "node_modules" not in path.parts and calls(path) & MAKERS}
    agents = {path.name for path in sources if "node_modules" not in path.parts and "create_agent" in calls(path)}
    assert makers == {"rungs.py"}
    assert agents == {"agent.py"}


def test_the_gate_is_the_innermost_middleware_of_every_agent() -> None:
    tree = ast.parse((ROOT / "bot/answering/agent.py").read_text("utf-8"))
    made = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "create_agent"]
    assert len(made) == 1
    middleware = next(keyword.value for keyword in made[0].keywords if keyword.arg == "middleware")
    assert isinstance(middleware, ast.List)
    last = middleware.elts[-1]
    assert isinstance(last, ast.Call)
    assert getattr(last.func, "id", "") == PrivacyMiddleware.__name__
    assert ModelRung.__module__ == "bot.answering.agent"
