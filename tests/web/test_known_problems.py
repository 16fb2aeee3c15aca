"""Known problems at the desk: announced by whom, met by which of those that wait, ended with a word to them."""

import httpx
from test_desk_api import signed_in, waiting
from webserver import Served

from bot.conversation import Message

PROBLEM = {
    "error": "Upload failed: error TB-6010",
    "text": "Uploads fail right now. Write to ida@example.com.",
    "hours": 4,
}


async def test_a_problem_says_who_announced_it_and_who_of_those_that_wait_has_met_it(http: httpx.AsyncClient) -> None:
    """By the error on their pictures or in their words; private data is taken out of what customers are told."""
    met, _ = await waiting(http, "It says upload failed: error TB-6010 since this morning")
    await waiting(http, "Where do I enter a coupon?")
    desk = await signed_in(http, "Ida")
    answer = (await http.post("/api/v1/desk/incidents", json=PROBLEM, headers=desk)).raise_for_status().json()
    assert answer["by"] == "Ida" and "ida@example.com" not in answer["text"]
    known = (await http.get("/api/v1/desk/incidents", headers=desk)).json()
    assert [[one["id"] for one in problem["conversations"]] for problem in known] == [[met]]


async def test_ending_it_tells_those_who_wait_once_and_nobody_else(served: Served, http: httpx.AsyncClient) -> None:
    met, _ = await waiting(http, "Upload failed: error TB-6010")
    other, _ = await waiting(http, "Where do I enter a coupon?")
    desk = await signed_in(http, "Ida")
    problem = (await http.post("/api/v1/desk/incidents", json=PROBLEM, headers=desk)).json()
    path = f"/api/v1/desk/incidents/{problem['id']}/end"
    ended = (await http.post(path, json={"tell": "Uploads work again."}, headers=desk)).raise_for_status().json()
    assert ended["told"] == 1
    assert (await http.post(path, json={"tell": "again"}, headers=desk)).status_code == 404
    for conversation, told in ((met, ["Uploads work again."]), (other, [])):
        said = [event for _, event in await served.web.desk.log(conversation) if isinstance(event, Message)]
        assert [event.text for event in said if event.sender == "bot"] == told
        assert (await served.web.desk.conversation(conversation)).owner == "waiting"
    assert (await http.get("/api/v1/desk/incidents", headers=desk)).json() == []


async def test_ending_it_without_a_word_tells_nobody(served: Served, http: httpx.AsyncClient) -> None:
    met, _ = await waiting(http, "Upload failed: error TB-6010")
    desk = await signed_in(http)
    problem = (await http.post("/api/v1/desk/incidents", json=PROBLEM, headers=desk)).json()
    ended = await http.post(f"/api/v1/desk/incidents/{problem['id']}/end", json={}, headers=desk)
    assert ended.json()["told"] == 0
    said = [event for _, event in await served.web.desk.log(met) if isinstance(event, Message)]
    assert [event.sender for event in said] == ["customer"]
