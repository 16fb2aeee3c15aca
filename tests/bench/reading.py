"""How well and how fast pictures are read: ours beside `RapidOCR()` as it comes, in one run, picture by picture.

    python tests/bench/reading.py FOLDER... [--scorer FILE] [--threads N] [--limit N] [--keep FOLDER]

A FOLDER holds pictures (PNG) and, beside each, its truth as JSON; the scorer (`score_pages.py`, by default in the
folder above the first) defines the figures. Each reader runs in a process of its own, so that their memory can be
told apart; they take turns on each picture, so that whatever else the machine does hits both alike.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
READERS = ("rapidocr", "ours")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--scorer", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--limit", type=int, default=10_000, help="at most this many pictures of a folder")
    parser.add_argument("--keep", type=Path, help="folder for what the readers read")
    parser.add_argument("--worker", choices=READERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        serve(options.worker, options.threads)
        return
    scorer = options.scorer or options.folders[0].resolve().parent / "score_pages.py"
    workers = {name: start(name, options.threads) for name in READERS}
    with tempfile.TemporaryDirectory() as temporary:
        keep = options.keep or Path(temporary)
        keep.mkdir(parents=True, exist_ok=True)
        for folder in options.folders:
            measure(folder, sorted(folder.glob("*.png"))[: options.limit], workers, scorer, keep)
    for worker in workers.values():
        worker.stdin.close()
        worker.wait()


def measure(folder: Path, pictures: list[Path], workers: dict[str, Any], scorer: Path, keep: Path) -> None:
    """Read each picture with both readers, the second time with ours too, and print the table of a folder."""
    took: dict[str, list[float]] = {name: [] for name in (*READERS, "again", "changed")}
    peak = {}
    files = {name: (keep / f"{folder.name}-{name}.jsonl").open("w") for name in READERS}
    for number, picture in enumerate(pictures):
        for name in READERS if number % 2 else READERS[::-1]:
            answer = ask(workers[name], picture)
            took[name].append(answer["seconds"])
            peak[name] = answer["peak"]
            files[name].write(json.dumps({"image": str(picture), "lines": answer["lines"]}) + "\n")
            if name == "ours":
                took["again"].append(answer["again"])
                took["changed"].append(answer["changed"])
        print(f"\r{folder.name} {number + 1}/{len(pictures)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    for file in files.values():
        file.close()
    print(f"{folder.name}: {len(pictures)} pictures")
    for name in READERS:
        scored = score(scorer, folder, files[name].name, len(pictures))
        seconds = statistics.median(took[name])
        print(
            f"  {name:<9} exact {scored['words']:.2%}  unspaced {scored['unspaced']:.2%}  "
            f"invented {scored['invented']:.2%}  median {seconds:.3f} s  peak {peak[name]:.0f} MB"
        )
    pairs = [a / b for a, b in zip(took["rapidocr"], took["ours"], strict=True)]
    again = [a / b for a, b in zip(took["ours"], took["again"], strict=True)]
    changed = [a / b for a, b in zip(took["ours"], took["changed"], strict=True)]
    print(
        f"  times as fast, median over pictures: {statistics.median(pairs):.1f}  "
        f"same picture again: {statistics.median(again):.0f}  one line changed: {statistics.median(changed):.1f}"
    )


def score(scorer: Path, folder: Path, results: str, count: int) -> dict[str, Any]:
    """What the scorer says; when only some pictures were read, the others' truths are left out."""
    with tempfile.TemporaryDirectory() as temporary:
        part = Path(temporary) / folder.name
        part.mkdir()
        for picture in sorted(folder.glob("*.png"))[:count]:
            (part / picture.with_suffix(".json").name).write_bytes(picture.with_suffix(".json").read_bytes())
        command = [sys.executable, str(scorer), "reading", str(part), results, "--json"]
        return dict(json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout))


def start(name: str, threads: int) -> "subprocess.Popen[str]":
    command = [sys.executable, __file__, ".", "--worker", name, "--threads", str(threads)]
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(ROOT), "HOME": str(Path.home())},
    )


def ask(worker: Any, picture: Path) -> dict[str, Any]:
    worker.stdin.write(f"{picture.resolve()}\n")
    worker.stdin.flush()
    return dict(json.loads(worker.stdout.readline()))


def serve(name: str, threads: int) -> None:
    """Read the pictures named on stdin; one JSON answer each."""
    read = ours(threads) if name == "ours" else rapidocr(threads)
    next(read)
    for row in sys.stdin:
        answer = read.send(Path(row.strip()))
        next(read)
        answer["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(answer), flush=True)


def ours(threads: int) -> Generator[Any, Any, None]:
    from PIL import Image, ImageDraw

    from bot.screenshots.ocr import Reader

    reader = Reader(threads)
    reader.prepare()
    while True:
        picture = Image.open((yield None)).convert("RGB")
        started = time.perf_counter()
        reading = reader.examine(picture)
        seconds = time.perf_counter() - started
        reader.examine(picture)
        again = time.perf_counter() - started - seconds
        drawn = picture.copy()
        ImageDraw.Draw(drawn).rectangle((600, 380, 860, 410), fill="#b02a37")
        ImageDraw.Draw(drawn).text((620, 386), "Changes could not be saved", fill="white", font_size=16)
        restarted = time.perf_counter()
        reader.examine(drawn)
        changed = time.perf_counter() - restarted
        lines = [{"text": x.text, "box": x.box, "score": x.score} for x in reading.lines]
        yield {"lines": lines, "seconds": seconds, "again": again, "changed": changed}


def rapidocr(threads: int) -> Generator[Any, Any, None]:
    import logging

    import numpy as np
    from PIL import Image
    from rapidocr import RapidOCR

    logging.disable(logging.CRITICAL)
    engine = RapidOCR(params={"EngineConfig.onnxruntime.intra_op_num_threads": threads, "Global.log_level": "critical"})
    engine(np.zeros((64, 256, 3), np.uint8))
    while True:
        picture = Image.open((yield None)).convert("RGB")
        started = time.perf_counter()
        result = engine(np.asarray(picture)[:, :, ::-1])
        seconds = time.perf_counter() - started
        boxes = [] if result.boxes is None else result.boxes
        lines = [
            {"text": text, "box": [*map(float, box.min(0)), *map(float, box.max(0))], "score": float(score)}
            for text, box, score in zip(result.txts or (), boxes, result.scores or (), strict=True)
        ]
        yield {"lines": lines, "seconds": seconds}


if __name__ == "__main__":
    main()
