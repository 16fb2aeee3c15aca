"""LangChain's door to the knowledge: a question in, passages out; and the search that a turn uses.

Both follow the index on disk: when `helplens kb build` has put a new version in place, the next search uses it.
"""

import asyncio
from pathlib import Path
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import PrivateAttr

from bot.knowledge.fusion import Query, Ranking
from bot.knowledge.index import Index
from bot.knowledge.ranking import rank
from bot.knowledge.versions import stamp

FACETS = ("language", "version", "plan", "audience", "closed")


class HelpRetriever(BaseRetriever):
    """Searches the index at `kb`. `search` takes a whole query with screens; `invoke` takes a question.

    `language`, `version`, `plan`, `audience` and `closed` hold for every query that does not say its own.
    """

    kb: Path
    fusion: str = "best"
    top: int = 10
    language: str = ""
    version: str = ""
    plan: str = ""
    audience: str = ""
    closed: frozenset[str] = frozenset()
    encoder: Any = None
    """An `Encoder`, for an index that has vectors."""
    _opened: Index | None = PrivateAttr(default=None)

    @property
    def index(self) -> Index:
        """The current version. Raises NoIndex when nothing was ever built; a version that went away is searched on."""
        opened = self._opened
        if opened is None or stamp(self.kb) not in ("", opened.path.name):
            opened = Index.open(self.kb, self.encoder)
            self._opened = opened
        return opened

    async def search(self, query: Query) -> Ranking:
        """The ranking of a query, off the event loop."""
        return await asyncio.to_thread(self.rank, query)

    def rank(self, query: Query) -> Ranking:
        """The same as `search`, blocking."""
        own = {name: value for name in FACETS if (value := getattr(self, name)) and not getattr(query, name)}
        return rank(self.index, query.model_copy(update=own) if own else query, self.fusion, self.top)

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        return documents(self.rank(Query(question=query)))

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun
    ) -> list[Document]:
        return documents(await self.search(Query(question=query)))


def documents(ranking: Ranking) -> list[Document]:
    """Hits as LangChain's documents, in order."""
    return [Document(page_content=hit.passage.text, metadata=_metadata(hit.passage, hit.score)) for hit in ranking.hits]


def _metadata(passage: Any, score: float) -> dict[str, Any]:
    return {
        "article": passage.article,
        "passage": passage.number,
        "title": passage.title,
        "headings": list(passage.headings),
        "url": passage.url,
        "score": score,
    }
