"""A fresh clone to its first answer: seconds, bytes that the package index had to send, what the environment weighs.

    python tests/bench/fresh_clone.py [FOLDER]

Clones this repository into FOLDER (default: a temporary one), runs what `make run` runs with the caches as they are,
waits for the example's answer, ends it, and prints the table. Nothing is asserted.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
UNITS = {"kB": 1e3, "MB": 1e6, "GB": 1e9}


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="helplens-clone-") as temporary:
        clone = Path(sys.argv[1] if len(sys.argv) > 1 else temporary) / "helplens"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        pip_log = clone / "pip.log"
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("HELPLENS_", "VIRTUAL_ENV"))}
        environment |= {"PIP_LOG": str(pip_log), "HELPLENS_PORT": "0"}
        started = time.monotonic()
        run = subprocess.Popen(
            ["make", "run"],
            cwd=clone,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        setup = answer = ready = float("nan")
        assert run.stdout
        for line in run.stdout:
            print(line, end="")
            now = time.monotonic() - started
            if "Starting Valkey" in line:
                setup = now
            if "Ringed:" in line:
                answer = now
            if "Ctrl-C ends everything" in line:
                ready = now
                break
        os.killpg(run.pid, signal.SIGINT)
        run.wait(timeout=30)
        print(f"\n{'set up':34} {setup:8.1f} s")
        print(f"{'first answer, ringed':34} {answer:8.1f} s   (goal: at most 240)")
        print(f"{'demo is served':34} {ready:8.1f} s")
        print(f"{'packages that pip fetched':34} {fetched(pip_log) / 1e6:8.1f} MB  (cached or not)")
        print(f"{'.venv weighs':34} {weight(clone / '.venv') / 1e6:8.1f} MB  (aim: under 800)")
        print(f"{'node_modules weighs':34} {weight(clone / 'handlers/web/widget/node_modules') / 1e6:8.1f} MB")


def fetched(pip_log: Path) -> float:
    """Bytes of the wheels named in pip's log, whether they came from its cache or the network."""
    found = re.findall(r"(?:Downloading|Using cached) \S+\.(?:whl|gz)\S* \(([\d.]+) (kB|MB|GB)\)", pip_log.read_text())
    return sum(float(size) * UNITS[unit] for size, unit in found)


def weight(folder: Path) -> int:
    """Bytes of all files, each counted once."""
    return sum({s.st_ino: s.st_size for p in folder.rglob("*") if not p.is_dir() for s in (p.lstat(),)}.values())


if __name__ == "__main__":
    main()
