"""What intake does with hostile files: each must end as a clean picture or a clear refusal, within its limits.

    python tests/bench/hostile.py [--all]

Prints one line per kind of outcome, the dearest files, and what the child and this process took; `--all` lists
every file.
"""

import argparse
import asyncio
import io
import resource
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from hostile_files import SECRET, everything  # noqa: E402
from PIL import Image  # noqa: E402

from bot.screenshots.intake import Intake, Refused  # noqa: E402


async def main(listed: bool) -> int:
    files = everything()
    wrong, outcomes, dearest = [], Counter[str](), []
    async with Intake() as intake:
        await intake.clean(files[0][1])
        before, peak = rss(), 0.0
        for name, data, expected in files:
            started = time.monotonic()
            try:
                picture = await intake.clean(data, name)
            except Refused as refused:
                got, words = "refused", f"{refused.reason}: {refused}"
            else:
                got, words = "clean", f"{picture.media_type} {picture.width} x {picture.height}"
                trouble = stained(picture.data, picture.width, picture.height)
                wrong += [f"{name}: {trouble}"] if trouble else []
            took = time.monotonic() - started
            peak = max(peak, children_peak())
            outcomes[f"{got} {words.split(':')[0] if got == 'refused' else ''}".strip()] += 1
            dearest.append((took, name, got))
            wrong += [f"{name}: expected {expected}, got {got} ({words})"] if expected not in ("either", got) else []
            if listed:
                print(f"{got:<8} {took:6.2f} s  {name}: {words}")
        grown = rss() - before
    child = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{len(files)} files, not as expected: {len(wrong)}")
    for outcome, count in outcomes.most_common():
        print(f"  {count:4}  {outcome}")
    print(
        "slowest:",
        *(f"{took:.2f} s {name} ({got})" for took, name, got in sorted(dearest, reverse=True)[:5]),
        sep="\n  ",
    )
    print(f"child: peak {peak:.0f} MB, {child.ru_utime + child.ru_stime:.1f} s of CPU for all files")
    print(f"this process grew by {grown:.0f} MB")
    print(*wrong, sep="\n")
    return len(wrong)


def stained(data: bytes, width: int, height: int) -> str:
    """What is wrong with a stored copy, empty when nothing is."""
    opened = Image.open(io.BytesIO(data))
    opened.load()
    if opened.size != (width, height) or opened.mode != "RGB":
        return f"stored as {opened.size} {opened.mode}"
    if SECRET in data or set(opened.info) & {"exif", "xmp", "icc_profile", "comment", "XML:com.adobe.xmp"}:
        return "something of the original's is left in the stored copy"
    return ""


def children_peak() -> float:
    """The most megabytes that a living child of this process has held."""
    children = Path("/proc/self/task").glob("*/children")
    pids = [pid for path in children for pid in path.read_text().split()]
    texts = [Path(f"/proc/{pid}/status").read_text() for pid in pids]
    return max((int(text.split("VmHWM:")[1].split()[0]) / 1024 for text in texts if "VmHWM:" in text), default=0.0)


def rss() -> float:
    """Megabytes that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true")
    sys.exit(1 if asyncio.run(main(parser.parse_args().all)) else 0)
