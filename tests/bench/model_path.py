"""What the way from a model's server to the customer's words costs: ours against LangChain's stock client.

A stand-in in a process of its own streams 200 tokens at 100 a second to 1, 50 and 200 readers at once. In this
process, three ways read them: our ladder (agent, gate, guardrails, breakers, merged chunks), `ChatOpenAI.astream`
bare, and `create_agent` with `ChatOpenAI`. Printed: tokens per CPU second of this process, and the time to the first
word beyond the model's own. `python -m tests.bench.model_path [TURNS]`. What Redis and the event stream add is printed
by the benchmarks of those rooms.
"""

import asyncio
import logging
import multiprocessing
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable
from multiprocessing.connection import Connection

import structlog
from langchain.agents import create_agent
from langchain_core.messages import AIMessageChunk
from langchain_openai import ChatOpenAI

from bot.answering.brief import Answer, Words
from bot.answering.fallback import Ladder, Limits, Restart
from bot.answering.rungs import open_rungs
from tests.answering_parts import brief, parts
from tests.stand_in import stand_in

TOKENS = 200
READERS = (1, 50, 200)
Way = Callable[[], AsyncIterator[str]]


def serve(pipe: Connection) -> None:
    """The stand-in, until the pipe closes."""

    async def run() -> None:
        async with stand_in(answer=" ".join(f"w{n * n}" for n in range(TOKENS - 1)) + " [1]", pause=0.01) as server:
            pipe.send(server.url)
            await asyncio.to_thread(pipe.recv)

    asyncio.run(run())


async def measure(way: Way, readers: int, turns: int) -> tuple[float, float, float]:
    """Tokens per CPU second, p50 and p99 of the seconds to the first word."""
    firsts: list[float] = []

    async def reader(number: int) -> None:
        await asyncio.sleep(2.0 * number / readers)
        for _ in range(turns):
            started, first = time.perf_counter(), 0.0
            async for _ in way():
                first = first or time.perf_counter() - started
            firsts.append(first)

    cpu = time.process_time()
    await asyncio.gather(*(reader(n) for n in range(readers)))
    cpu = time.process_time() - cpu
    firsts.sort()
    return readers * turns * TOKENS / cpu, statistics.median(firsts), firsts[int(len(firsts) * 0.99)]


async def main(url: str, turns: int) -> None:
    """The three ways at each number of readers."""
    stock = ChatOpenAI(model="good", base_url=url, api_key="none", max_retries=0)
    agent = create_agent(stock, [], system_prompt="You answer.")
    async with open_rungs([f"openai:good@{url} calls=1000 tools=no"], parts()) as rungs:
        ladder = Ladder(rungs, Limits(first_word=60, silence=60, whole=300))

        async def ours() -> AsyncIterator[str]:
            async for item in ladder.answer(brief()):
                if isinstance(item, Words):
                    yield item.text
                elif isinstance(item, Restart) or (isinstance(item, Answer) and not item.answered):
                    raise RuntimeError(f"not an answer of the model's: {item}")

        async def bare() -> AsyncIterator[str]:
            async for chunk in stock.astream("Why?"):
                if chunk.text:
                    yield chunk.text

        async def stock_agent() -> AsyncIterator[str]:
            messages = {"messages": [{"role": "user", "content": "Why?"}]}
            async for chunk, _ in agent.astream(messages, stream_mode="messages"):
                if isinstance(chunk, AIMessageChunk) and chunk.text:
                    yield chunk.text

        ways: dict[str, Way] = {"our ladder": ours, "ChatOpenAI.astream": bare, "create_agent, ChatOpenAI": stock_agent}
        for way in ways.values():
            await measure(way, 1, 1)
        for readers in READERS:
            for name, way in ways.items():
                rate, p50, p99 = await measure(way, readers, turns)
                print(
                    f"{readers:4} readers  {name:25} {rate:9.0f} tokens per CPU second   "
                    f"first word p50 {1000 * p50:7.1f} ms  p99 {1000 * p99:7.1f} ms",
                    flush=True,
                )


def run(turns: int) -> None:
    """Stand-in beside, ways here."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,))
    process.start()
    try:
        asyncio.run(main(ours.recv(), turns))
    finally:
        ours.send(None)
        process.join()


if __name__ == "__main__":
    run(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
