"""Weights changed on loading: a LoRA adapter merged in, the language part in int8, and what each of them costs."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from safetensors.torch import save_file  # noqa: E402

from bot.answering.vlm.engine import Engine  # noqa: E402
from bot.answering.vlm.fewrows import FewRowsLinear  # noqa: E402
from bot.answering.vlm.inputs import Inputs  # noqa: E402
from bot.answering.vlm.int8 import losses, quantized  # noqa: E402
from bot.answering.vlm.weights import load  # noqa: E402
from handlers.cli.model import model as commands  # noqa: E402
from tests.tiny_models import build  # noqa: E402
from tests.vlm_parts import asking, said  # noqa: E402

LAYER = "model.language_model.layers.1.self_attn.q_proj"
OLDER = "model.layers.1.self_attn.q_proj"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A random model."""
    return str(build("qwen3_vl", tmp_path_factory.mktemp("model")))


def adapter(to: Path, layer: str = LAYER, *, width: int = 64, **more: Any) -> Path:
    """A LoRA adapter as peft saves it."""
    to.mkdir(exist_ok=True)
    torch.manual_seed(3)
    down, up = torch.randn(4, 64), torch.randn(width, 4)
    save_file(
        {f"base_model.model.{layer}.lora_A.weight": down, f"base_model.model.{layer}.lora_B.weight": up},
        to / "adapter_model.safetensors",
    )
    config = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "bias": "none", "target_modules": ["q_proj"], **more}
    (to / "adapter_config.json").write_text(json.dumps(config))
    return to


@pytest.mark.parametrize(
    ("layer", "more", "scale"), [(LAYER, {}, 2.0), (OLDER, {}, 2.0), (LAYER, {"use_rslora": True}, 4.0)]
)
def test_an_adapter_changes_the_layer_it_was_trained_for_by_what_it_says(
    folder: str, tmp_path: Path, layer: str, more: dict[str, Any], scale: float
) -> None:
    plain = load(folder, device="cpu")
    changed = load(folder, device="cpu", adapter=str(adapter(tmp_path / "lora", layer, **more)))
    torch.manual_seed(3)
    down, up = torch.randn(4, 64), torch.randn(64, 4)
    before, after = dict(plain.named_parameters()), dict(changed.named_parameters())
    moved = [name for name in before if not torch.equal(before[name], after[name])]
    assert moved == [f"{LAYER}.weight"]
    torch.testing.assert_close(after[moved[0]], before[moved[0]] + scale * up @ down)


@pytest.mark.parametrize(
    ("layer", "more", "said_"),
    [
        (LAYER, {"use_dora": True}, "use_dora"),
        (LAYER, {"modules_to_save": ["lm_head"]}, "modules_to_save"),
        (LAYER, {"bias": "all"}, "bias"),
        (LAYER, {"peft_type": "IA3"}, "peft_type"),
        ("model.language_model.layers.9.self_attn.q_proj", {}, "no layer"),
        (LAYER, {"width": 32}, "other shapes"),
    ],
)
def test_an_adapter_that_does_not_fit_is_refused_in_words(
    folder: str, tmp_path: Path, layer: str, more: dict[str, Any], said_: str
) -> None:
    with pytest.raises(ValueError, match=said_):
        load(folder, device="cpu", adapter=str(adapter(tmp_path / "lora", layer, **more)))


async def test_adapter_and_int8_together_answer(folder: str, tmp_path: Path) -> None:
    lora = str(adapter(tmp_path / "lora"))
    texts = []
    for options in ({}, {"adapter": lora}, {"adapter": lora, "int8": True}):
        with Engine.load(folder, device="cpu", **options) as engine:
            texts.append(await said(engine, asking(1), 12))
            assert await said(engine, asking(1), 12) == texts[-1]
    assert texts[0] != texts[1]
    assert all(texts)


def test_products_of_few_rows_are_the_same_products() -> None:
    torch.manual_seed(1)
    for bias in (True, False):
        linear = torch.nn.Linear(1024, 1536, bias=bias)
        few = FewRowsLinear.of(linear)
        assert few.weight.data_ptr() == linear.weight.data_ptr()
        with torch.inference_mode():
            for rows in (1, 3, 4, 16, 64, 65):
                x = torch.randn(rows, 1, 1024)
                torch.testing.assert_close(few(x), linear(x), atol=1e-4, rtol=1e-4)
                assert few(x).shape == (rows, 1, 1536)


def test_the_command_says_what_int8_costs_on_texts_of_ones_own(folder: str, tmp_path: Path) -> None:
    text = tmp_path / "article.md"
    text.write_text("Open **Settings** and press **Save**. " * 20)
    told = CliRunner().invoke(commands, ["losses", folder, str(text), "--device", "cpu", "--json"])
    assert told.exit_code == 0, told.output
    rows = [json.loads(line) for line in told.stdout.splitlines()]
    assert rows[-1]["part"] == "all"
    assert rows[-1]["megabytes"] == pytest.approx(sum(row["megabytes"] for row in rows[:-1]))
    assert all(0.5 < row["same_choice"] <= 1 for row in rows)


def test_int8_takes_the_language_part_and_nothing_else_and_says_what_it_costs(folder: str) -> None:
    model = load(folder, device="cpu")
    inputs = Inputs.load(folder, model.config)
    prompts = [inputs.prompt(asking(n, f"Question {n}: why?", picture=False)).ids for n in range(4)]
    table = list(losses(model, prompts))
    assert table[-1].part == "all"
    assert {"q_proj", "down_proj"} <= {loss.part for loss in table}
    assert all(0 < loss.weight_error < 0.02 for loss in table)
    assert table[-1].same_choice > 0.9
    before = {name: p.dtype for name, p in model.named_parameters()}
    saved = quantized(model)
    after = {name for name, _ in model.named_parameters()}
    gone = set(before) - after
    assert gone
    assert all(".language_model." in name and name.endswith("_proj.weight") for name in gone)
    assert saved > 0
