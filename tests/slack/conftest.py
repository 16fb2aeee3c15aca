"""Houses for the scenario tests; what they are made of is in `slack_house`."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from slack_house import House, built

from handlers.slack.mirror import Place
from handlers.slack.sandbox.server import SUPPORT


@pytest.fixture
async def house(redis_url: str, tmp_path: Path) -> AsyncIterator[House]:
    """A house whose agents answer customers from Slack."""
    async with built(redis_url, tmp_path) as house:
        yield house


@pytest.fixture
async def alerts(redis_url: str, tmp_path: Path) -> AsyncIterator[House]:
    """A house whose Slack channel only tells."""
    async with built(redis_url, tmp_path, Place(SUPPORT, alerts_only=True)) as house:
        yield house
