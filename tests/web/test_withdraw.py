"""A picture that is not sent does not stay: taken back, it is gone from the log's view, storage and the desk."""

import httpx
from test_desk_api import signed_in
from webserver import Served

from bot.conversation import Seen
from bot.state.records import Write


async def attached(http: httpx.AsyncClient, picture: bytes) -> tuple[str, dict[str, str], str]:
    """A conversation with a picture that no message holds yet: path, headers, the picture's id."""
    opened = (await http.post("/api/v1/conversations")).json()
    path, headers = f"/api/v1/conversations/{opened['id']}", {"Authorization": f"Bearer {opened['token']}"}
    taken = (await http.post(f"{path}/attachments", files={"file": picture}, headers=headers)).json()
    return path, headers, taken["attachment_id"]


async def withdraw(http: httpx.AsyncClient, path: str, headers: dict[str, str], id_: str) -> httpx.Response:
    return await http.delete(f"{path}/attachments/{id_.rpartition('/')[2]}", headers=headers)


async def test_it_is_gone_everywhere(served: Served, http: httpx.AsyncClient, picture: bytes) -> None:
    """Also when somebody was just looking at it; taking it back twice is fine."""
    path, headers, id_ = await attached(http, picture)
    url = (await http.get(path, headers=headers)).json()["attachments"][0]["url"]
    assert (await http.get(url)).status_code == 200
    for _ in range(2):
        assert (await withdraw(http, path, headers, id_)).status_code == 204
    late = Write((Seen(attachment_id=id_, outcome="read", error="a secret"),), key="late", digest="")
    await served.web.desk.store.accept(path.rpartition("/")[2], late)
    assert (await http.get(url)).status_code == 410
    standing = (await http.get(path, headers=headers)).json()
    assert standing["attachments"] == [] and standing["seen"] == []
    desk = await signed_in(http)
    card = (await http.get(f"/api/v1/desk{path.removeprefix('/api/v1')}", headers=desk)).json()
    assert card["attachments"] == []


async def test_the_same_picture_may_come_again(served: Served, http: httpx.AsyncClient, picture: bytes) -> None:
    path, headers, id_ = await attached(http, picture)
    await withdraw(http, path, headers, id_)
    again = (await http.post(f"{path}/attachments", files={"file": picture}, headers=headers)).json()
    assert again["attachment_id"] == id_
    assert (await http.get(again["url"])).status_code == 200
    body = {"text": "", "attachments": [id_]}
    said = await http.post(f"{path}/messages", json=body, headers=headers | {"Idempotency-Key": "1"})
    assert said.status_code == 202


async def test_what_was_sent_stays(http: httpx.AsyncClient, picture: bytes) -> None:
    """It is part of what was said; the whole conversation can be erased."""
    path, headers, id_ = await attached(http, picture)
    body = {"text": "?", "attachments": [id_]}
    await http.post(f"{path}/messages", json=body, headers=headers | {"Idempotency-Key": "1"})
    refused = await withdraw(http, path, headers, id_)
    assert refused.status_code == 422 and "taken back" in refused.json()["detail"]


async def test_nobody_takes_back_another_conversations_picture(http: httpx.AsyncClient, picture: bytes) -> None:
    path, headers, id_ = await attached(http, picture)
    other, others, _ = await attached(http, picture)
    assert (await withdraw(http, other, headers, id_)).status_code == 404
    assert (await withdraw(http, path, others, id_)).status_code == 404
    assert len((await http.get(path, headers=headers)).json()["attachments"]) == 1
