"""A mail server on this machine, small and real on the wire: keeps what it is sent, refuses or hangs when told to."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

REPLIES = {"EHLO": "250 postbox", "MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go on", "QUIT": "221 bye"}


@dataclass
class Postbox:
    """`replies` answers other than usual, for the next command of that name; `hang` names the command that is never
    answered, and `came` is set when it comes. `.` stands for the end of a letter."""

    url: str = ""
    mails: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    replies: dict[str, str] = field(default_factory=dict)
    hang: str = ""
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reading: asyncio.StreamReader, writing: asyncio.StreamWriter) -> None:
        """One connection."""
        writing.write(b"220 postbox\r\n")
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while line := (await reading.readline()).decode().strip():
                await self._answer(line.split(" ")[0].split(":")[0].upper(), line, reading, writing)
        writing.close()

    async def _answer(
        self, command: str, line: str, reading: asyncio.StreamReader, writing: asyncio.StreamWriter
    ) -> None:
        if command == self.hang:
            self.hang = ""
            self.came.set()
            await reading.read()
            return
        reply = self.replies.pop(command, REPLIES.get(command, "500 what?"))
        if command == "RCPT" and reply.startswith("2"):
            self.recipients.append(line.partition("<")[2].rstrip(">"))
        writing.write(f"{reply}\r\n".encode())
        if reply.startswith("354"):
            letter = await reading.readuntil(b"\r\n.\r\n")
            if self.hang == ".":
                await self._answer(".", "", reading, writing)
                return
            end = self.replies.pop(".", "250 kept")
            if end.startswith("2"):
                self.raw.append(letter)
                body = letter.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
                self.mails.append(message_from_bytes(body, policy=policy.default))
            writing.write(f"{end}\r\n".encode())


@contextlib.asynccontextmanager
async def postbox(box: Postbox | None = None) -> AsyncIterator[Postbox]:
    """The server, on a free port."""
    box = box or Postbox()
    server = await asyncio.start_server(box.serve, "127.0.0.1", 0)
    box.url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield box
    finally:
        server.close()
