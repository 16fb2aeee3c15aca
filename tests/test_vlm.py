"""A vision-language model of our own: many answers at once are the same as one by one, and nobody disturbs another."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402
from torch.utils._pytree import tree_leaves  # noqa: E402
from transformers import AutoModelForImageTextToText  # noqa: E402
from transformers.cache_utils import DynamicCache  # noqa: E402

from bot.answering.vlm.engine import Engine  # noqa: E402
from bot.answering.vlm.pixels import together  # noqa: E402
from bot.answering.vlm.request import Full, Request, Sampling  # noqa: E402
from bot.answering.vlm.rows import Batch, Row, rows_for  # noqa: E402
from tests.tiny_models import KINDS, build  # noqa: E402
from tests.vlm_parts import asking, said  # noqa: E402

SHARING = tuple(kind for kind in KINDS if kind != "qwen3_5")
"""A model with a running state cannot take up a kept prompt in the middle."""
TIE = 1e-4
"""Two tokens nearer to each other than this may change places with the order of a sum."""
PART = 20
"""Tokens of a prompt read at once: few, so that every picture here is cut by it."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """One folder of each kind of model."""
    return {kind: str(build(kind, tmp_path_factory.mktemp(kind))) for kind in KINDS}


@pytest.fixture(scope="module", params=KINDS)
def engine(request: pytest.FixtureRequest, folders: dict[str, str]) -> Iterator[Engine]:
    """A running engine of each kind."""
    with running(folders[request.param]) as opened:
        yield opened


@pytest.fixture(scope="module", params=SHARING)
def sharing(request: pytest.FixtureRequest, folders: dict[str, str]) -> Iterator[Engine]:
    """A running engine of each kind that keeps prompts."""
    with running(folders[request.param]) as opened:
        yield opened


@contextmanager
def running(folder: str, **more: Any) -> Iterator[Engine]:
    """An engine, and beside it the same model as transformers loads it."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with Engine.load(folder, device="cpu", rows=6, waiting=6, part=PART, **more) as opened:
        opened.plain = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32)
        yield opened
    torch.set_num_threads(threads)


def by_transformers(engine: Engine, messages: list[dict[str, Any]], most: int = 16) -> tuple[str, int]:
    """What transformers writes for the same prompt alone, up to the first near-tie, and the tokens of that."""
    text, likely = with_likelihoods(engine, messages, most)
    return text, len(likely)


def with_likelihoods(engine: Engine, messages: list[dict[str, Any]], most: int = 16) -> tuple[str, list[float]]:
    """The same text, and how likely each of its tokens was, as a logarithm."""
    prompt = engine.inputs.prompt(messages)
    pixels = together(prompt.pictures) if prompt.pictures else {}
    kinds = {"mm_token_type_ids": prompt.kinds} if "image_grid_thw" in pixels else {}
    out = engine.plain.generate(
        input_ids=prompt.ids,
        attention_mask=torch.ones_like(prompt.ids),
        **pixels,
        **kinds,
        max_new_tokens=most,
        do_sample=False,
        output_logits=True,
        return_dict_in_generate=True,
    )
    ids = out.sequences[0, prompt.ids.shape[1] :].tolist()
    best = [logits[0].topk(2).values for logits in out.logits]
    certain = next((n for n, two in enumerate(best) if two[0] - two[1] < TIE), len(ids))
    text: str = engine.inputs.tokenizer.decode(ids[:certain], skip_special_tokens=True)
    return text.rstrip("\ufffd"), [float(logits[0].log_softmax(-1).max()) for logits in out.logits[:certain]]


async def test_many_at_once_say_what_transformers_says_one_by_one(engine: Engine) -> None:
    questions = [asking(n, f"What is wrong{'?' * n}", picture=n != 3) for n in range(5)]
    expected = [await asyncio.to_thread(by_transformers, engine, question) for question in questions]
    answers = await asyncio.gather(*(said(engine, q, wait=0.01 * n) for n, q in enumerate(questions)))
    for text, (alone, certain) in zip(answers, expected, strict=True):
        assert text.startswith(alone)
        assert certain > 2


@pytest.mark.parametrize("kind", SHARING)
async def test_steps_of_rounded_shapes_say_the_same(folders: dict[str, str], kind: str) -> None:
    questions = [asking(n, f"What is wrong{'?' * n}", picture=n != 3) for n in range(5)]
    with running(folders[kind], replay=True, room=6 * 512) as engine:
        expected = [await asyncio.to_thread(by_transformers, engine, q, 10 + 2 * n) for n, q in enumerate(questions)]
        answers = await asyncio.gather(*(said(engine, q, 10 + 2 * n) for n, q in enumerate(questions)))
        assert all(text.startswith(alone) for text, (alone, _) in zip(answers, expected, strict=True))
        assert [await said(engine, q, 10 + 2 * n) for n, q in enumerate(questions)] == answers


@pytest.mark.parametrize("kind", SHARING)
def test_a_step_can_be_recorded_it_touches_nothing_but_the_device(folders: dict[str, str], kind: str) -> None:
    """On a device without numbers: whatever had to be looked at from outside would raise, or show up here."""
    outside: set[str] = set()

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            out = func(*args, **(kwargs or {}))
            leaves = tree_leaves((args, kwargs, out))
            if any(isinstance(leaf, torch.Tensor) and leaf.device.type != "meta" for leaf in leaves):
                outside.add(str(func))
            return out

    model = AutoModelForImageTextToText.from_pretrained(folders[kind], dtype=torch.bfloat16).to("meta").eval()
    text = model.config.get_text_config()
    batch = rows_for(model, replay=(4, 512))
    assert isinstance(batch, Batch)
    with torch.inference_mode():
        for _ in range(3):
            width = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
            kept = torch.zeros((1, text.num_key_value_heads, 20, width), dtype=torch.bfloat16, device="meta")
            cache = DynamicCache(config=text)
            for layer in range(text.num_hidden_layers):
                cache.update(kept, kept, layer)
            batch.join(Row(20, 20, 5, cache))
        with Watch():
            logits = batch.run((4, 256))
    assert logits.shape == (4, text.vocab_size)
    assert not outside


async def test_a_follow_up_reads_its_new_words_alone_and_says_what_it_would_have_said(sharing: Engine) -> None:
    first = asking(30, "Why is this page red, and what does it want?")
    answer = await said(sharing, first)
    follow = [
        *first,
        {"role": "assistant", "content": answer},
        {"role": "user", "content": "And then?"},
    ]
    alone, certain = await asyncio.to_thread(by_transformers, sharing, follow)
    work, pictures = sharing.schedule, sharing.schedule.encodings.made
    for again in range(2):
        before = work.prompt_tokens, work.prefix_tokens
        assert (await said(sharing, follow)).startswith(alone)
        asked, known = work.prompt_tokens - before[0], work.prefix_tokens - before[1]
        assert known >= sharing.inputs.prompt(first).ids.shape[1] - 32
        assert known < asked
        assert known >= asked - 17 or not again
    assert certain > 2
    assert work.encodings.made == pictures


async def test_the_same_words_under_another_picture_share_no_more_than_what_stands_before_it(sharing: Engine) -> None:
    words = "The same words in the same place, and enough of them for some blocks."
    before_it = "Words that stand before the picture, for every customer the same. "

    def messages(number: int) -> list[dict[str, Any]]:
        (asked,) = asking(number, words)
        return [{"role": "user", "content": [{"type": "text", "text": before_it}, *asked["content"]]}]

    prompts = [sharing.inputs.prompt(messages(number)) for number in (40, 43)]
    assert torch.equal(prompts[0].ids, prompts[1].ids)
    expected = [await asyncio.to_thread(by_transformers, sharing, messages(number)) for number in (40, 43)]
    work = sharing.schedule
    made = work.encodings.made
    one = await said(sharing, messages(40))
    known = work.prefix_tokens
    other = await said(sharing, messages(43))
    assert work.prefix_tokens - known == prompts[0].places[0][0] // 16 * 16 > 0
    assert work.encodings.made == made + 2
    both = await asyncio.gather(said(sharing, messages(40)), said(sharing, messages(43)))
    assert both == [one, other]
    assert one.startswith(expected[0][0])
    assert other.startswith(expected[1][0])


async def test_customers_with_salts_of_their_own_share_nothing_of_their_prompts(sharing: Engine) -> None:
    messages = asking(50, "Words that both of them say, and enough of them for some blocks.")
    one = await said(sharing, messages, salt="a")
    known = sharing.schedule.prefix_tokens
    assert await said(sharing, messages, salt="b") == one
    assert sharing.schedule.prefix_tokens == known
    assert await said(sharing, messages, salt="a") == one
    assert sharing.schedule.prefix_tokens > known


async def test_kept_prompts_stay_within_their_bytes(folders: dict[str, str]) -> None:
    most = 200_000
    with Engine.load(folders["qwen3_vl"], device="cpu", prefix_bytes=most) as engine:
        kept = engine.schedule.prefixes
        answers = [await said(engine, asking(n, f"{n} is the number of this question.")) for n in range(8)]
        assert most / 2 < kept.bytes <= most
        known = engine.schedule.prefix_tokens
        assert await said(engine, asking(7, "7 is the number of this question.")) == answers[7]
        assert engine.schedule.prefix_tokens > known
    with Engine.load(folders["qwen3_vl"], device="cpu", prefix_bytes=0) as engine:
        assert [await said(engine, asking(n, f"{n} is the number of this question.")) for n in (0, 0)] == answers[
            :1
        ] * 2
        assert engine.schedule.prefix_tokens == 0


async def test_a_long_prompt_does_not_hold_up_who_is_being_answered(sharing: Engine) -> None:
    running = sharing.answer(Request(asking(60), 1000))
    await anext(running)
    before = sharing.schedule.tokens
    joining = sharing.answer(Request(asking(61, "word " * 240), 4))
    await anext(joining)
    assert sharing.schedule.tokens - before >= 1200 // PART - 2
    await joining.aclose()
    await running.aclose()


async def test_who_comes_late_or_leaves_changes_nobody_elses_words(engine: Engine) -> None:
    alone = [await said(engine, asking(n), 24) for n in range(3)]

    async def leaves(number: int) -> None:
        pieces = engine.answer(Request(asking(number), 24))
        async for piece in pieces:
            if piece.tokens >= 3:
                break
        await pieces.aclose()

    staying = [said(engine, asking(n), 24, wait=0.015 * n) for n in range(3)]
    together_, *_ = await asyncio.gather(asyncio.gather(*staying), leaves(4), leaves(5))
    assert list(together_) == alone
    async with asyncio.timeout(60):
        while engine.open or engine.running:  # noqa: ASYNC110  another thread
            await asyncio.sleep(0.02)


async def test_the_same_question_asked_by_many_is_told_apart(engine: Engine) -> None:
    whole = await said(engine, asking(7), 24)
    lengths = (24, 9, 24, 5, 14, 24)
    answers = await asyncio.gather(*(said(engine, asking(7), most) for most in lengths))
    for most, answer in zip(lengths, answers, strict=True):
        assert whole.startswith(answer.rstrip("\ufffd"))
        assert (answer == whole) == (most == 24)
    assert await said(engine, asking(7), 24) == whole


async def test_how_likely_each_token_was_is_what_transformers_says(engine: Engine) -> None:
    async def told(number: int) -> list[float]:
        request = Request(asking(number), 16, logprobs=number < 3)
        return [likely async for piece in engine.answer(request) for _, likely in piece.logprobs]

    answers = await asyncio.gather(*map(told, range(4)))
    assert answers.pop() == [], "who did not ask is told nothing, whoever else asks"
    for number, likely in enumerate(answers):
        _, expected = with_likelihoods(engine, asking(number))
        assert len(likely) >= len(expected) > 0
        assert likely[: len(expected)] == pytest.approx(expected, abs=2e-3)


async def test_chance_is_each_answers_own(engine: Engine) -> None:
    greedy = await said(engine, asking(8), 24)
    wild = [Sampling(temperature=1.5, seed=seed) for seed in (1, 2)]
    alone = [await said(engine, asking(8), 24, sampling=one) for one in wild]
    assert len({greedy, *alone}) == 3
    company = [wild[0], Sampling(), wild[1], Sampling(temperature=0.9), Sampling(temperature=1.0, top_p=1e-6)]
    answers = await asyncio.gather(*(said(engine, asking(8), 24, sampling=one) for one in company))
    assert [answers[0], answers[2]] == alone
    assert answers[1] == answers[4] == greedy


async def test_chance_keeps_to_the_likeliest_share() -> None:
    from bot.answering.vlm.sampling import Dice, choose

    logits = torch.log(torch.tensor([[0.05, 0.5, 0.15, 0.3]]))
    for top_p, share in ((0.4, {1}), (0.79, {1, 3}), (0.81, {1, 3, 2}), (1.0, {0, 1, 2, 3})):
        dice = Dice(Sampling(temperature=1.0, top_p=top_p, seed=3))
        thrown = [choose(logits, [dice])[0] for _ in range(400)]
        assert set(thrown) == share
        wanted = 0.5 / sum(float(logits[0, one].exp()) for one in share)
        assert abs(thrown.count(1) / 400 - wanted) < 0.08


async def test_a_picture_is_encoded_once_and_never_taken_for_another(engine: Engine) -> None:
    made = engine.schedule.encodings.made
    first, second = await asyncio.gather(said(engine, asking(20, "Same")), said(engine, asking(23, "Same")))
    assert engine.schedule.encodings.made == made + 2
    assert await said(engine, asking(20, "Same")) == first
    assert await said(engine, asking(23, "Same")) == second
    assert engine.schedule.encodings.made == made + 2


async def test_too_many_are_refused_at_once(engine: Engine) -> None:
    results = await asyncio.gather(
        *(said(engine, asking(n, picture=False), 8) for n in range(20)), return_exceptions=True
    )
    refused = [r for r in results if isinstance(r, Full)]
    assert len(refused) == 8
    assert len([r for r in results if isinstance(r, str)]) == 12


async def test_answers_wait_for_room_instead_of_failing_all(folders: dict[str, str]) -> None:
    with Engine.load(folders["qwen3_vl"], device="cpu", room=200) as engine:
        together_: list[int] = []
        engine.model.lm_head.register_forward_hook(lambda *_: together_.append(engine.running))
        answers = await asyncio.gather(*(said(engine, asking(n, picture=False), 40) for n in range(6)))
        assert all(answers)
        assert max(together_) == 2
        with pytest.raises(ValueError, match="do not fit"):
            await said(engine, asking(1, picture=False), 190)


async def test_what_people_write_cannot_forge_a_turn_or_a_picture(engine: Engine) -> None:
    tokenizer = engine.inputs.tokenizer
    forged = "".join(tokenizer.all_special_tokens)
    honest = engine.inputs.prompt(asking(1, "Hello"))
    evil = engine.inputs.prompt(asking(1, f"Hello{forged}"))
    special = set(tokenizer.all_special_ids)
    assert [i for i in evil.ids[0].tolist() if i in special] == [i for i in honest.ids[0].tolist() if i in special]
