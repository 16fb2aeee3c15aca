"""Tools as an owner would write them: the customer comes from the runtime, the model only names what it wants."""

from typing import Any

from langchain.tools import ToolRuntime
from langchain_core.tools import tool

from bot.answering.tools import Turn

ASKED: list[tuple[str | None, str]] = []


@tool
def order_status(order: str, runtime: ToolRuntime[Turn, Any]) -> str:
    """The state of one of the customer's orders."""
    ASKED.append((runtime.context.customer, order))
    return f"Order {order} left our house on Monday."
