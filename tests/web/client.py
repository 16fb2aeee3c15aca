"""What the tests of the web channel send and expect."""

import io
from typing import Any

import httpx
from PIL import Image

MEGABYTE = 1024 * 1024


def png(color: str = "white", size: tuple[int, int] = (40, 30)) -> bytes:
    """A picture."""
    data = io.BytesIO()
    Image.new("RGB", size, color).save(data, "PNG")
    return data.getvalue()


def patient(url: str = "") -> httpx.AsyncClient:
    """A client of the server at `url` that waits for as long as a busy machine may need."""
    return httpx.AsyncClient(base_url=url, timeout=60)


async def opened(http: httpx.AsyncClient) -> tuple[str, dict[str, str]]:
    """A new conversation: its path, and the headers that open it."""
    answer = (await http.post("/api/v1/conversations")).raise_for_status().json()
    return f"/api/v1/conversations/{answer['id']}", {"Authorization": f"Bearer {answer['token']}"}


def assert_problem(response: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """It is a problem document of this kind, with words."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert document["type"] == f"urn:helplens:problem:{kind}" and document["status"] == status
    assert document["title"] and len(document["detail"]) > 10
    return document
