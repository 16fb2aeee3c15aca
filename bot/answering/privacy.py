"""What may leave this machine, to whom, and in what form: the gate that every model call and every trace passes.

An `Exit` says what one receiver may get; a `Gate` lets exactly that through and fails closed: text is redacted, a
picture passes only if this gate has covered and sealed it itself, and when redaction fails nothing leaves. What is
ours is decided by where the bytes go (this process, a loopback address, or a host that the owner has listed as his
own), never by the name of a model. No redactor is perfect: `tests/bench/redaction.py` prints its measured recall.
Not here: what is private (`bot.screenshots.redaction`).
"""

import base64
import binascii
import hashlib
import io
import threading
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import Runnable, RunnableLambda
from PIL import Image

from bot.answering.breaker import RungFailed
from bot.answering.brief import Brief
from bot.conversation import Noun
from bot.screenshots.redaction import RedactionFailed, cover
from bot.screenshots.redaction import text as redacted
from bot.screenshots.screen import Screen

Redactor = Callable[[str], str]
WITHHELD = "[withheld]"


class MustNotLeave(RungFailed):
    """The gate let nothing through. It says nothing about the health of the model behind it."""

    blames = False


class Exit(Noun):
    """One receiver of customers' data, and what it may get."""

    name: str
    """As the owner knows it: a rung, `Slack`, `LangSmith`."""
    where: str = "this process"
    ours: bool = True
    text: bool = True
    pictures: bool = True

    @property
    def form(self) -> tuple[str, str]:
        """What leaves of texts and of pictures, in words."""
        if self.ours:
            return "as it is", "as it is"
        return ("redacted" if self.text else "never"), ("redacted" if self.pictures and self.text else "never")


def exit_to(
    name: str, url: str | None, *, own_hosts: Collection[str] = (), text: bool = False, pictures: bool = False
) -> Exit:
    """The exit to a model at `url`, None meaning wherever its provider says: that is never ours.

    `text` and `pictures` are the owner's two switches for third parties.
    """
    host = (urlsplit(url).hostname or "") if url else ""
    ours = is_loopback(host) or host.lower() in {own.lower() for own in own_hosts}
    return Exit(name=name, where=host or "its provider", ours=ours, text=ours or text, pictures=ours or pictures)


def is_loopback(host: str) -> bool:
    """Whether bytes for `host` stay on this machine, judged by the address alone: no name but localhost is trusted."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def table(exits: Sequence[Exit]) -> Iterator[tuple[str, str, str, str]]:
    """Rows of name, where, what leaves of texts, what leaves of pictures: for `helplens doctor`."""
    for one in exits:
        yield one.name, one.where, *one.form


def one_customer(brief: Brief) -> None:
    """Raises MustNotLeave when a brief holds pictures of more than one conversation: nothing is asked with it then."""
    ids = [look.attachment.id for look in brief.looks]
    ids += [attachment.id for message in brief.history for attachment in message.attachments]
    if len({id_.rpartition("/")[0] for id_ in ids}) > 1:
        raise MustNotLeave("one prompt would hold pictures of two conversations")


class Gate:
    """Lets through one exit what may pass it. One gate serves one rung; what it has sealed it remembers by hash."""

    def __init__(self, exit: Exit, redact: Redactor = redacted, sealed_most: int = 1000) -> None:
        self.exit = exit
        self.redact = redact
        self._sealed: dict[bytes, None] = {}
        self._sealed_most = sealed_most
        self._sealing = threading.Lock()

    def picture(self, picture: Image.Image, screen: Screen) -> Image.Image:
        """`picture` as it may pass: itself for our own models, else a covered copy.

        Raises MustNotLeave when pictures may not pass, when this one was not read whole (what nobody has read, nobody
        can have covered), or when covering fails.
        """
        if self.exit.ours:
            return picture
        if not (self.exit.pictures and self.exit.text):
            raise MustNotLeave(f"pictures may not go to {self.exit.name}")
        if screen.outcome != "read":
            raise MustNotLeave("a picture that was not read whole cannot be redacted")
        try:
            return cover(picture, screen.sensitive)
        except RedactionFailed as error:
            raise MustNotLeave(str(error)) from error

    def sealed(self, picture: Image.Image, screen: Screen, fit: Callable[[Image.Image], Image.Image]) -> dict[str, Any]:
        """A LangChain image block of `picture`, covered where it must be, cut by `fit`, drawn anew without metadata."""
        out = io.BytesIO()
        fit(self.picture(picture, screen)).convert("RGB").save(out, "JPEG", quality=85)
        data = out.getvalue()
        with self._sealing:  # pictures are drawn in threads
            self._sealed[hashlib.sha256(data).digest()] = None
            while len(self._sealed) > self._sealed_most:
                self._sealed.pop(next(iter(self._sealed)))
        return {"type": "image", "base64": base64.b64encode(data).decode(), "mime_type": "image/jpeg"}

    def messages(self, messages: Sequence[BaseMessage]) -> list[BaseMessage]:
        """`messages` as they may pass. Raises MustNotLeave when they may not."""
        if self.exit.ours:
            return list(messages)
        if not self.exit.text:
            raise MustNotLeave(f"texts may not go to {self.exit.name}")
        return [self._message(message) for message in messages]

    def around(self, model: Runnable[Any, Any]) -> Runnable[Any, Any]:
        """`model` behind this gate, for calls that no agent makes."""
        return RunnableLambda(self.messages) | model

    def payload(self, value: Any) -> Any:
        """Any nested value as it may pass, for traces; what is no plain text is withheld."""
        if self.exit.ours:
            return value
        if not self.exit.text:
            return {}
        return self._walk(value)

    def _message(self, message: BaseMessage) -> BaseMessage:
        content: Any = message.content
        changed: dict[str, Any] = {
            "content": self._text(content) if isinstance(content, str) else [self._block(block) for block in content],
            "additional_kwargs": {},
            "response_metadata": {},
        }
        if isinstance(message, AIMessage) and message.tool_calls:
            changed["tool_calls"] = [call | {"args": self._walk(call["args"])} for call in message.tool_calls]
        return message.model_copy(update=changed)

    def _block(self, block: Any) -> Any:
        if isinstance(block, str):
            return self._text(block)
        match block.get("type"):
            case "text":
                return {"type": "text", "text": self._text(block["text"])}
            case "image":
                if not self._is_sealed(block.get("base64")):
                    raise MustNotLeave("a picture that this gate has not covered")
                return block
            case kind:
                raise MustNotLeave(f"a block of kind {kind!r}, which nobody can redact")

    def _is_sealed(self, data: object) -> bool:
        try:
            return isinstance(data, str) and hashlib.sha256(base64.b64decode(data)).digest() in self._sealed
        except (binascii.Error, ValueError):
            return False

    def _walk(self, value: Any) -> Any:
        match value:
            case str():
                return self._text(value) if len(value) < 100_000 else WITHHELD
            case dict():
                if value.get("type") in ("image", "image_url", "file"):
                    return {"type": "text", "text": WITHHELD}
                return {self._text(str(key)): self._walk(item) for key, item in value.items()}
            case list() | tuple():
                return [self._walk(item) for item in value]
            case BaseMessage():
                return self._walk(value.model_dump())
            case None | bool() | int() | float():
                return value
            case _:
                return WITHHELD

    def _text(self, value: str) -> str:
        try:
            return self.redact(value)
        except Exception as error:  # whatever went wrong, the raw text must not leave
            raise MustNotLeave(f"a text could not be redacted ({type(error).__name__})") from error


class PrivacyMiddleware(AgentMiddleware[Any, Any, Any]):
    """The gate around an agent's model calls. It stands last in the list of middleware, next to the model."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self.gate = gate

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        """What may pass, and nothing else."""
        return handler(self._passed(request))

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any]:
        """What may pass, and nothing else."""
        return await handler(self._passed(request))

    def _passed(self, request: ModelRequest[Any]) -> ModelRequest[Any]:
        return request.override(messages=self.gate.messages(request.messages))  # type: ignore[arg-type]
