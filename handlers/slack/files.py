"""Files out of Slack: the bytes, or why there are none, in words for the agent.

The token goes to Slack's own hosts alone and never along a redirect. What the bytes are is for the intake to find out;
here is only noticed when Slack sent its sign-in page instead of them. Not here: files into Slack (`mirror`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from handlers.slack.calls import error_code
from handlers.slack.text import escape
from prompts import say

LARGEST = 20 * 1024 * 1024
SECONDS = 30.0


@dataclass(frozen=True)
class Got:
    """A file that was read."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Unread:
    """A file that was not, and the line for the agent."""

    name: str
    words: str


class Files:
    """Reads the files of a message with the app's own token."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client

    async def read_all(self, files: Sequence[Mapping[str, Any]]) -> list[Got | Unread]:
        """Every file of a message, in order."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS)) as session:
            return [await self._read(session, file) for file in files]

    async def _read(self, session: aiohttp.ClientSession, file: Mapping[str, Any]) -> Got | Unread:
        name = str(file.get("name") or file.get("title") or file.get("id"))
        try:
            if file.get("file_access") == "check_file_info" or not file.get("url_private"):
                file = (await self._client.files_info(file=str(file["id"])))["file"]  # Slack Connect tells the id only
                name = str(file.get("name") or name)
            if file.get("mode") in ("tombstone", "hidden_by_limit"):
                return _unread(name, "file_gone")
            return await self._download(session, name, file)
        except SlackApiError as error:
            return _unread(name, "file_scope" if error_code(error) == "missing_scope" else "file_gone")
        except (aiohttp.ClientError, TimeoutError) as error:
            return _unread(name, "file_unread", reason=type(error).__name__)

    async def _download(self, session: aiohttp.ClientSession, name: str, file: Mapping[str, Any]) -> Got | Unread:
        url = str(file.get("url_private_download") or file["url_private"])
        if not self._ours(url):
            return _unread(name, "file_gone")
        if int(file.get("size") or 0) > LARGEST:
            return _unread(name, "file_unread", reason=say("slack.file_large", limit=f"{LARGEST >> 20} MB"))
        bearer = {"Authorization": f"Bearer {self._client.token}"}
        async with session.get(url, headers=bearer, allow_redirects=False) as answer:
            if answer.status in (301, 302, 303, 307, 308, 401, 403):
                return _unread(name, "file_scope")  # Slack sends those without the scope to sign in
            if answer.status != 200:
                return _unread(name, "file_gone")
            data = bytearray()
            async for piece in answer.content.iter_chunked(1 << 16):
                data += piece
                if len(data) > LARGEST:
                    return _unread(name, "file_unread", reason=say("slack.file_large", limit=f"{LARGEST >> 20} MB"))
            page = answer.content_type == "text/html" or data[:200].lstrip().lower().startswith(
                (b"<!doctype", b"<html")
            )
            if page and "html" not in str(file.get("mimetype")):
                return _unread(name, "file_scope")
        return Got(name, bytes(data))

    def _ours(self, url: str) -> bool:
        """Whether the token may go there: Slack's hosts over https, or the very host that the API is on (sandbox)."""
        asked, api = urlsplit(url), urlsplit(self._client.base_url)
        if (asked.scheme, asked.netloc) == (api.scheme, api.netloc):
            return True
        host = asked.hostname or ""
        return asked.scheme == "https" and (host == "slack.com" or host.endswith(".slack.com"))


def _unread(name: str, line: str, **inputs: str) -> Unread:
    return Unread(name, say(f"slack.{line}", name=escape(name), **inputs))
