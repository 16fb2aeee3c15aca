"""What looks and answers: the reader's models, the index, the rungs, the orchestrator."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot import pictures, telemetry
from bot.answering.agent import ModelRung
from bot.answering.extractive import Extractive
from bot.answering.fallback import Ladder
from bot.answering.rungs import Parts, open_rungs
from bot.conversation import Attachment
from bot.knowledge.encoder import encoder_of
from bot.knowledge.index import build
from bot.knowledge.ranking import threshold
from bot.knowledge.retriever import HelpRetriever
from bot.orchestrator import Orchestrator
from bot.screenshots.eye import Eye
from bot.screenshots.intake import Intake
from bot.screenshots.ocr import Reader
from bot.screenshots.storage import Storage
from bot.settings import Settings
from handlers.wiring.chosen import closed, kb_of, limits, rungs

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
Progress = Callable[[str], None]
"""Hears in words what is being opened."""


@dataclass(frozen=True)
class Answering:
    """What looks and answers."""

    intake: Intake
    storage: Storage
    retriever: HelpRetriever
    orchestrator: Orchestrator

    async def take(self, data: bytes, name: str) -> Attachment:
        """A loose picture, outside any conversation. Raises `intake.Refused`."""
        return await pictures.take(self.intake, self.storage, "loose", data, name)


@asynccontextmanager
async def open_answering(
    settings: Settings,
    kb: Path,
    intake: Intake,
    storage: Storage,
    progress: Progress = lambda text: None,
    metrics: telemetry.Metrics | None = None,
) -> AsyncIterator[Answering]:
    """The reader's models, the index at `kb`, and the rungs that the settings name.

    Raises NoIndex when there is no index at `kb`.
    """
    progress("Loading the reader's models …")
    reader = await asyncio.to_thread(Reader)
    async with reader:
        eye = Eye(storage, reader, budget=settings.read_seconds, own_patterns=settings.private_patterns)
        retriever = HelpRetriever(kb=kb, encoder=encoder_of(settings.encoder))
        progress("Opening the help centre …")
        index = await asyncio.to_thread(lambda: retriever.index)
        sure = threshold(index, settings.precision)
        parts = Parts(
            search=retriever.search,
            load=storage.get,
            extractive=Extractive(sure=sure),
            text_to_models=settings.text_to_models,
            pictures_to_models=settings.pictures_to_models,
            own_hosts=settings.own_hosts,
            private_patterns=settings.private_patterns,
            owners_tools=settings.tools,
            environment=os.environ,
            sure=sure,
            traces=settings.traces,
            text_to_traces=settings.text_to_traces,
        )
        async with open_rungs(rungs(settings), parts) as opened:
            counts = metrics or telemetry.Metrics()
            ladder = Ladder(
                opened,
                limits(settings),
                queue=settings.model_queue,
                observe=lambda rung, outcome: counts.rung_calls.labels(rung, outcome).inc(),
            )
            asked = tuple(rung.asked for rung in opened if isinstance(rung, ModelRung))
            orchestrator = Orchestrator(eye, retriever.search, ladder, sure, asked, closed=closed(settings))
            yield Answering(intake, storage, retriever, orchestrator)


async def example_index(settings: Settings, progress: Progress = lambda text: None) -> Path:
    """The index that serves, brought up to date first when it is the example help centre's."""
    if settings.kb is None:
        progress("Indexing the example help centre …")
        await build(EXAMPLES / "helpcenter", kb_of(settings))
    return kb_of(settings)
