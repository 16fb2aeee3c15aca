"""Both ends of `tests/bench/path.py`: a model's server, and the plain relay that ours is measured against.

python -m tests.bench.peers PORT            a stand-in that streams the same answer to whoever asks
python -m tests.bench.peers PORT MODEL_URL  FastAPI around `ChatOpenAI.astream`
"""

import asyncio
import sys
from collections.abc import AsyncIterator

import orjson
import uvicorn
import uvloop
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from langchain_openai import ChatOpenAI

TOKENS = 200
TOKEN_S = 0.01
WORDS = [f"w{n * n}" + ("." if n % 15 == 14 else "") + " " for n in range(TOKENS - 1)] + ["[1]"]


class StandIn(asyncio.Protocol):
    """Answers each request on a connection with the same words, on time; as little Python as can be."""

    frames = [
        b"data: " + orjson.dumps({"id": "x", "choices": [{"index": 0, "delta": {"content": word}}]}) + b"\n\n"
        for word in WORDS
    ] + [b'data: {"id":"x","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n']
    transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self.transport = transport  # type: ignore[assignment]
        self.data = b""

    def data_received(self, data: bytes) -> None:
        """Begins to answer once the request is whole."""
        self.data += data
        head, separator, body = self.data.partition(b"\r\n\r\n")
        length = next((int(h[15:]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length:")), 0)
        if separator and len(body) >= length:
            self.data = b""
            self.transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            self.say(0, asyncio.get_running_loop().time())

    def say(self, number: int, due: float) -> None:
        """One word, and the next one in its time."""
        if self.transport.is_closing():
            return
        frame = self.frames[number]
        end = number + 1 == len(self.frames)
        self.transport.write(b"%x\r\n%b\r\n" % (len(frame), frame) + (b"0\r\n\r\n" if end else b""))
        if not end:
            asyncio.get_running_loop().call_at(due + TOKEN_S, self.say, number + 1, due + TOKEN_S)


async def stand_in(port: int) -> None:
    """Until it is killed."""
    server = await asyncio.get_running_loop().create_server(StandIn, "127.0.0.1", port, backlog=1000)
    await server.serve_forever()


def relay(port: int, model: str) -> None:
    """A route that streams what `ChatOpenAI` yields: nothing is kept, checked or searched."""
    app = FastAPI()
    chat = ChatOpenAI(model="good", base_url=model, api_key="none", max_retries=0)  # type: ignore[arg-type]

    @app.post("/chat")
    async def answer(question: dict[str, str]) -> StreamingResponse:
        async def events() -> AsyncIterator[bytes]:
            async for chunk in chat.astream(question["text"]):
                if chunk.text:
                    yield b"data: " + orjson.dumps({"text": chunk.text}) + b"\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    uvicorn.run(app, port=port, log_level="warning", loop="uvloop", backlog=1000)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        relay(int(sys.argv[1]), sys.argv[2])
    else:
        uvloop.run(stand_in(int(sys.argv[1])))
