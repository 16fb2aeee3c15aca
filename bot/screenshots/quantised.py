"""The recogniser in 8 bits: made once from the wheel's weights, and kept where the owner keeps caches.

On processors with 8-bit dot products it reads the same at about half the time. The network is calibrated on lines
that we render ourselves. Its last layer names one of 18,708 characters at each step, which costs as much as
all layers before it together: here it gives out only the two best of them, not a probability for each.

It is made in a process of its own (`python -m bot.screenshots.quantised WEIGHTS FILE`), which gives its memory back.
Where the 8-bit network turns out to be no faster, or to read otherwise, an empty file says so, and the wheel's own
weights stay in use.
"""

import hashlib
import os
import platform
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from bot.screenshots.engine import onnxruntime

VERSION = 1
"""Raised when another recipe makes another network of the same weights."""
OPSET = 17
CROPS = 64
WORDS = """
Settings Billing Invoice Save changes Cancel Payment failed Error 4021 Account name Password Your card was declined
Search Dashboard Reports Users Teams Projects Download CSV Upload file Next Previous Sign in Sign out Help Order
#10423 $1,249.00 €89,90 12/04/2026 3:45 PM v2.14.1 https://app.example.com/settings/billing?tab=2 admin@example.com
Änderungen übernehmen Größe Straße Enregistrer Déconnexion Paramètres Contraseña Dirección ¿Olvidó? naïve façade
Could not connect to server (ECONNREFUSED) 127.0.0.1:8080 0x8007045D Retry now! 100% | 5 of 12 items [beta] {id}
"""


def crops(count: int = CROPS, seed: int = 7) -> Iterator[npt.NDArray[np.uint8]]:
    """Lines of words such as screens hold, rendered with the fonts at hand, dark on light and light on dark."""
    rng = random.Random(seed)
    fonts, words = _fonts(), WORDS.split()
    for _ in range(count):
        size = rng.randint(11, 22)
        path = rng.choice(fonts)
        font = ImageFont.truetype(path, size) if path else ImageFont.load_default(size)
        text = " ".join(rng.sample(words, rng.randint(1, 4)))
        light, dark = rng.randint(190, 255), rng.randint(0, 110)
        hue = [rng.randint(-25, 25) for _ in range(3)]
        ground, ink = (light, dark) if rng.random() < 0.65 else (dark // 2, light)
        left, top, right, bottom = font.getbbox(text)
        margin = rng.randint(2, 6)
        canvas = Image.new("RGB", (int(right - left) + 2 * margin, int(bottom - top) + 2 * margin), (ground,) * 3)
        colour = tuple(min(255, max(0, ink + h)) for h in hue)
        ImageDraw.Draw(canvas).text((margin - left, margin - top), text, fill=colour, font=font)
        yield np.asarray(canvas)[:, :, ::-1]


def make(weights: Path, to: Path) -> None:
    """Write the 8-bit network of `weights` to `to`, whole or not at all. Raises ImportError without package onnx."""
    import onnx

    onnxruntime()
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as folder:
        plain, ready, small = (str(Path(folder) / name) for name in ("plain.onnx", "ready.onnx", "small.onnx"))
        model = onnx.version_converter.convert_version(onnx.load(str(weights)), OPSET)
        notes = {entry.key: entry.value for entry in onnx.load(str(weights)).metadata_props}
        head = _cut_head(onnx, model)
        onnx.save(model, plain)
        quant_pre_process(plain, ready, skip_symbolic_shape=True)
        quantize_static(
            ready,
            small,
            _Calibration(),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            op_types_to_quantize=["Conv", "MatMul", "Add", "Mul", "Relu", "MaxPool", "AveragePool", "Concat"],
        )
        made = onnx.load(small)
        _two_best(onnx, made, *head)
        for key, value in notes.items():
            made.metadata_props.add(key=key, value=value)
        part = to.with_name(f"{to.name}.{os.getpid()}")
        to.parent.mkdir(parents=True, exist_ok=True)
        onnx.save(made, str(part))
        if not gains(weights, part):
            part.write_bytes(b"")
        part.replace(to)


def place(weights: Path, folder: Path) -> Path:
    """The file for the 8-bit network of `weights`, on this machine and with this onnxruntime."""
    made_of = f"{weights.stat().st_size} {onnxruntime().__version__} {_processor()} {VERSION}"
    return folder / f"{weights.stem}-8bit-{hashlib.sha256(made_of.encode()).hexdigest()[:12]}.onnx"


def _processor() -> str:
    """What decides whether 8 bits gain: the processor's model, the same in every container on it."""
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text().splitlines() if facts.exists() else []
    wanted = ("model name", "flags", "Features")
    return "\n".join([platform.machine(), *sorted({line for line in lines if line.startswith(wanted)})])


def cache_folder() -> Path:
    """Where caches of this user lie."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "helplens"


def start(weights: Path, to: Path) -> "subprocess.Popen[bytes]":
    """Begin to make the 8-bit network, in a process of low priority."""
    root = Path(__file__).resolve().parents[2]
    return subprocess.Popen(
        [sys.executable, "-m", __spec__.name, str(weights), str(to)],
        cwd=root,
        stdin=subprocess.PIPE,  # ends when we do, however we do: then nobody waits for the network any more
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def gains(weights: Path, small: Path) -> bool:
    """Whether the 8-bit network is faster than the wheel's own here, and reads the calibration's lines as it does."""
    from bot.screenshots.recognition import Recogniser

    lines = list(crops(24, seed=11))
    took, texts = [], []
    for path in (weights, small):
        recogniser = Recogniser(path)
        recogniser.read(lines[:2])
        started = time.process_time()
        read = [recogniser.read([line])[0] for line in lines]
        took.append(time.process_time() - started)
        texts.append(["".join(c.text for c in characters).replace(" ", "") for characters in read])
    same = sum(a == b for a, b in zip(*texts, strict=True))
    return took[1] < 0.9 * took[0] and same >= 0.85 * len(lines)


class _Calibration:
    """Feeds the rendered crops to the calibration, one at a time."""

    def __init__(self) -> None:
        from bot.screenshots.recognition import strip

        self._batches = iter([{"x": strip(crop).transpose(2, 0, 1)[None]} for crop in crops()])

    def get_next(self) -> dict[str, npt.NDArray[np.float32]] | None:
        return next(self._batches, None)


def _cut_head(onnx: Any, model: Any) -> tuple[str, Any, Any]:
    """Take the last layer off; returns the name of its input, its weights and its bias."""
    graph = model.graph
    maker = {output: node for node in graph.node for output in node.output}
    constants = {c.name: onnx.numpy_helper.to_array(c) for c in graph.initializer}
    weights = bias = None
    name = graph.output[0].name
    while weights is None:
        node = maker[name]
        graph.node.remove(node)
        if node.op_type == "Add":
            bias = next(constants[i] for i in node.input if i in constants)
        if node.op_type == "MatMul":
            weights = constants[node.input[1]]
        name = next(i for i in node.input if i not in constants)
    features = onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", "t", weights.shape[0]])
    del graph.output[:]
    graph.output.append(features)
    return name, weights, bias


def _two_best(onnx: Any, model: Any, features: str, weights: Any, bias: Any) -> None:
    """Put the last layer back on, in 8 bits, giving out only the two best characters of each step."""
    graph = model.graph
    scale = (np.abs(weights).max(0) / 127).astype(np.float32)
    small = np.round(weights / scale).clip(-127, 127).astype(np.int8)
    constants = {
        "head.weights": small,
        "head.scale": scale,
        "head.zero": np.zeros(len(scale), np.int8),
        "head.bias": bias.astype(np.float32),
        "head.k": np.array([2], np.int64),
    }
    graph.initializer.extend(onnx.numpy_helper.from_array(value, name) for name, value in constants.items())
    make_node = onnx.helper.make_node
    graph.node.extend(
        [
            make_node(
                "DynamicQuantizeMatMul",
                [features, "head.weights", "head.scale", "head.zero", "head.bias"],
                ["head.logits"],
                domain="com.microsoft",
            ),
            make_node("TopK", ["head.logits", "head.k"], ["logits", "classes"], axis=-1),
        ]
    )
    del graph.output[:]
    make_output = onnx.helper.make_tensor_value_info
    graph.output.append(make_output("logits", onnx.TensorProto.FLOAT, ["n", "t", 2]))
    graph.output.append(make_output("classes", onnx.TensorProto.INT64, ["n", "t", 2]))
    if not any(o.domain == "com.microsoft" for o in model.opset_import):
        model.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))


def _fonts() -> list[str | None]:
    """Paths of some sans-serif fonts; None stands for the one that Pillow carries."""
    folders = ("/usr/share/fonts", "/Library/Fonts", "/System/Library/Fonts", "C:/Windows/Fonts")
    wanted = ("sans", "arial", "helvetica", "roboto", "inter", "segoe", "noto", "ubuntu")
    found = (p for f in folders if Path(f).is_dir() for p in sorted(Path(f).rglob("*.ttf")))
    named = [str(p) for p in found if any(w in p.name.lower() for w in wanted) and "math" not in p.name.lower()]
    return [None, *named[:16]]


if __name__ == "__main__":
    os.nice(10)
    threading.Thread(target=lambda: os._exit(0 if sys.stdin.buffer.read() else 1), daemon=True).start()
    make(Path(sys.argv[1]), Path(sys.argv[2]))
