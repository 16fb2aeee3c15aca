"""What leaves for a model of a third party, read from the wire: nothing, or what the owner allowed, redacted."""

import base64
import io
import re
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from PIL import Image

from bot.answering.brief import Answer
from bot.answering.fallback import Ladder
from bot.answering.privacy import Exit, Gate, MustNotLeave, exit_to, table
from bot.answering.rungs import exits, open_rungs
from bot.conversation import Attachment, Message
from bot.screenshots.redaction import Sensitive
from tests.answering_parts import SECRETS, brief, look, parts, picture
from tests.relay import Tap, abroad, tapped
from tests.stand_in import stand_in

QUESTION = f"My mail is {SECRETS[0]}, my card {SECRETS[1]}, my key {SECRETS[2]}. Why does my export fail?"


async def left(host: str, *, page: Any = None, **switches: Any) -> tuple[Tap, str]:
    """What one turn sends to `host`, and which rung answered it."""
    page = page or look(*SECRETS)
    question = brief(
        QUESTION,
        [page],
        ranking=brief().ranking.model_copy(update={"confidence": 0.3}),
        history=(Message(id="0", sender="customer", text=QUESTION),),
    )
    async with stand_in() as server, tapped("127.0.0.1", int(server.url.split(":")[2].split("/")[0])) as tap:
        names = [f"openai:qwen-vl@http://{host}:{tap.port}/v1", "extractive"]
        async with abroad() as session, open_rungs(names, parts(page, **switches), session) as rungs:
            items = [item async for item in Ladder(rungs).answer(question)]
    assert isinstance(items[-1], Answer)
    return tap, items[-1].model


def pictures(sent: bytes) -> list[bytes]:
    """Every picture in what was sent."""
    return [base64.b64decode(found) for found in re.findall(rb"base64,([A-Za-z0-9+/=]+)", sent)]


async def test_by_default_not_one_byte_goes_to_a_third_party() -> None:
    tap, model = await left("models.example")
    assert model == "extractive"
    assert not tap.sent


async def test_text_alone_goes_redacted_and_without_a_picture() -> None:
    tap, model = await left("models.example", text_to_models=True)
    assert model.startswith("openai")
    assert b"export fail" in tap.sent
    assert not [secret for secret in SECRETS if secret.encode() in tap.sent]
    assert not pictures(tap.sent)


async def test_a_picture_goes_covered_and_drawn_anew() -> None:
    page = look(*SECRETS)
    tap, _ = await left("models.example", page=page, text_to_models=True, pictures_to_models=True)
    assert not [secret for secret in SECRETS if secret.encode() in tap.sent]
    (sent,) = pictures(tap.sent)
    original = picture(page.screen)
    assert not [at for at in range(0, len(original) - 64, 64) if original[at : at + 64] in sent]
    with Image.open(io.BytesIO(sent)) as image:
        scale = image.width / page.screen.width
        for place in page.screen.sensitive:
            inside = [round(scale * side) for side in place.box]
            part = image.convert("L").crop((inside[0] + 6, inside[1] + 6, inside[2] - 6, inside[3] - 6))
            darkest, brightest = part.getextrema()
            assert brightest < 128, (darkest, brightest)


@pytest.mark.parametrize("outcome", ["partly", "unreadable"])
async def test_a_picture_that_was_not_read_whole_does_not_go(outcome: str) -> None:
    page = look(*SECRETS, outcome=outcome)
    tap, model = await left("models.example", page=page, text_to_models=True, pictures_to_models=True)
    assert model.startswith("openai")
    assert not pictures(tap.sent)


async def test_when_covering_fails_the_picture_stays() -> None:
    page = look(*SECRETS)
    outside = Sensitive(kind="card", box=(5000.0, 0.0, 6000.0, 20.0))
    page = page.model_copy(update={"screen": page.screen.model_copy(update={"sensitive": (outside,)})})
    tap, _ = await left("models.example", page=page, text_to_models=True, pictures_to_models=True)
    assert tap.sent
    assert not pictures(tap.sent)


def test_when_redaction_fails_nothing_leaves() -> None:
    def broken(_: str) -> str:
        raise RuntimeError("a bad pattern")

    gate = Gate(Exit(name="x", ours=False), broken)
    with pytest.raises(MustNotLeave):
        gate.messages([HumanMessage("hello")])


async def test_our_own_model_gets_everything_and_what_is_ours_is_an_address_and_not_a_name() -> None:
    tap, _ = await left("127.0.0.1")
    assert SECRETS[0].encode() in tap.sent
    for name in ("127.0.0.1.example.com", "localhost.example.com", "my-own-localhost", "10.0.0.7", "vllm.local"):
        assert not exit_to("openai:local", f"http://{name}:8000/v1").ours
    assert exit_to("openai:x", "http://[::1]:8000/v1").ours
    assert exit_to("openai:x", "http://10.0.0.7:8000/v1", own_hosts=["10.0.0.7"]).ours
    assert not exits(["anthropic:local-model@http://127.0.0.1:9/"])[0].ours


def test_a_picture_that_the_gate_has_not_covered_itself_does_not_pass() -> None:
    gate = Gate(Exit(name="x", ours=False))
    raw = {"type": "image", "base64": base64.b64encode(picture(look().screen)).decode(), "mime_type": "image/png"}
    for block in (raw, {"type": "image", "url": "https://x.example/a.png"}, {"type": "audio", "base64": "AAAA"}):
        with pytest.raises(MustNotLeave):
            gate.messages([HumanMessage(content=[block])])


async def test_one_prompt_holds_one_customers_data() -> None:
    other = Attachment(id="p0-b/1", media_type="image/png", width=1, height=1, size=1)
    mixed = brief(looks=[look()], history=(Message(id="1", sender="customer", attachments=(other,)),))
    async with stand_in() as server, open_rungs([f"openai:q@{server.url}", "extractive"], parts()) as rungs:
        items = [item async for item in Ladder(rungs).answer(mixed)]
        assert not server.asked
    assert isinstance(items[-1], Answer)


def test_the_table_says_what_leaves_to_whom() -> None:
    names = [
        "vlm:/models/q",
        "openai:q@http://127.0.0.1:8/v1",
        "openai:gpt@https://api.openai.com/v1",
        "anthropic:c",
        "extractive",
    ]
    rows = list(table(exits(names, text=True)))
    assert [row[1:] for row in rows] == [
        ("this process", "as it is", "as it is"),
        ("127.0.0.1", "as it is", "as it is"),
        ("api.openai.com", "redacted", "never"),
        ("its provider", "redacted", "never"),
    ]
