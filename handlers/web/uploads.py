"""A multipart upload, counted while it streams in: nothing over the limit is ever held.

Not here: what the bytes are. They are hostile until `bot.screenshots.intake` has made a clean picture of them.
"""

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from handlers.web.bodies import allow
from handlers.web.problems import Problem

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class UploadLimits:
    """What one upload may hold. `seconds` is for all of it."""

    file_bytes: int = 10 * MEGABYTE
    files: int = 4
    field_bytes: int = 64 * 1024
    fields: int = 8
    seconds: float = 120

    @property
    def body_bytes(self) -> int:
        """The longest body: files, fields, and what a form writes around them."""
        return self.file_bytes * self.files + self.field_bytes * 2


@dataclass(frozen=True)
class File:
    """One file as it came in. The name is the sender's word: to show as text, never to open."""

    field: str
    name: str
    data: bytes


@dataclass
class Form:
    """What a multipart body held."""

    fields: dict[str, str] = field(default_factory=dict)
    files: list[File] = field(default_factory=list)


async def read_form(request: Request, limits: UploadLimits) -> Form:
    """The form in the request's body. Raises Problem, at the byte that breaks a limit."""
    kind, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise Problem("bad_content")
    reading = _Reading(limits)
    allow(request, limits.body_bytes)
    try:
        async with asyncio.timeout(limits.seconds):
            parser = MultipartParser(boundary, reading.callbacks())
            async for chunk in request.stream():
                parser.write(chunk)
            parser.finalize()
    except TimeoutError as error:
        raise Problem("too_slow", retry=1) from error
    except (FormParserError, ClientDisconnect, UnicodeDecodeError, ValueError) as error:
        raise Problem("bad_form", retry=1) from error
    return reading.form


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body. Raises Problem when it is longer than `limit` bytes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise Problem("too_large_body")
    return bytes(body)


class _Reading:
    """The state of one form that is being read; its methods are the parser's callbacks."""

    def __init__(self, limits: UploadLimits) -> None:
        self.form = Form()
        self._limits = limits
        self._header = b""
        self._value = b""
        self._disposition = b""
        self._field = ""
        self._file: str | None = None
        self._data = bytearray()

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._on_header,
            "on_header_value": self._on_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._part_data,
            "on_part_end": self._part_end,
        }

    def _begin(self) -> None:
        self._disposition, self._data = b"", bytearray()

    def _on_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        name, filename = options.get(b"name"), options.get(b"filename")
        if name is None:
            raise Problem("bad_form")
        self._field = name.decode("utf-8", "replace")
        self._file = None if filename is None else filename.decode("utf-8", "replace")
        if self._file is not None and len(self.form.files) >= self._limits.files:
            raise Problem("too_many_pictures", limit=self._limits.files)
        if self._file is None and len(self.form.fields) >= self._limits.fields:
            raise Problem("bad_form")

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        limit = self._limits.field_bytes if self._file is None else self._limits.file_bytes
        if len(self._data) + end - start > limit:
            raise Problem("too_large", limit=in_words(limit))
        self._data += data[start:end]

    def _part_end(self) -> None:
        if self._file is None:
            self.form.fields[self._field] = self._data.decode("utf-8")
        else:
            self.form.files.append(File(self._field, self._file, bytes(self._data)))


def in_words(size: int) -> str:
    """A size as people say it: "10 MB"."""
    return f"{size / MEGABYTE:.3g} MB" if size >= MEGABYTE else f"{size / 1024:.3g} kB"
