"""Does a vLLM server make progress? Exit status 0: yes, or nobody asks it for anything; 1: no, with the reason.

Its `/health` is no answer: it is 200 while the engine hangs (vllm-project/vllm#36451, #39863), so that requests wait
for minutes on a server that every balancer takes for well. This asks for work done instead:

- requests run or wait: tokens must have moved since the last look. Nothing is asked of a busy server, so that the
  probe never queues behind the load that it watches (ray-project/ray#54070: such a probe took a healthy engine out).
- nobody asks: one token is asked for, if `--ask` names the server; a hung engine does not write it.

Standard library alone: it runs inside vLLM's and Ray's own images, from a ConfigMap.
"""

import argparse
import json
import re
import sys
import urllib.request
from pathlib import Path

SAMPLE = re.compile(r"^(?:ray_)?vllm[:_](\w+?)(?:_total)?(?:\{.*\})? ([0-9.eE+-]+)(?: \d+)?$", re.MULTILINE)
"""One line of metrics: vLLM writes `vllm:name`, Ray `ray_vllm_name`."""
BUSY = ("num_requests_running", "num_requests_waiting")
DONE = ("prompt_tokens", "generation_tokens")


def main() -> int:
    """Looks once; what it saw is kept in `--memory` for the next look."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--metrics", required=True, help="address of the metrics")
    options.add_argument("--ask", help="address of the API, such as http://127.0.0.1:8000/v1")
    options.add_argument("--memory", type=Path, default=Path("/tmp/progress"), help="one file for each probe")
    options.add_argument("--seconds", type=float, default=4.0, help="longest wait for one reply")
    given = options.parse_args()
    try:
        wrong = problem(given.metrics, given.ask, given.memory, given.seconds)
    except (OSError, ValueError, KeyError, IndexError) as error:
        wrong = f"no reply: {error!r}"
    if wrong:
        sys.stderr.write(f"{wrong}\n")
    return 1 if wrong else 0


def problem(metrics: str, ask: str | None, memory: Path, seconds: float) -> str | None:
    """What is wrong, None when nothing is. Raises OSError, ValueError or LookupError when there is no sound reply."""
    counted = totals(fetch(metrics, seconds).decode())
    busy, done = (sum(counted.get(name, 0.0) for name in names) for names in (BUSY, DONE))
    before = memory.read_text() if memory.exists() else ""
    memory.write_text(repr(done) if busy else "")
    if busy:
        return f"{busy:.0f} requests, and no token since the last look" if before == repr(done) else None
    if ask:
        one_token(ask, seconds)
    return None


def totals(text: str) -> dict[str, float]:
    """Each of vLLM's metrics, summed over its labels."""
    found: dict[str, float] = {}
    for name, value in SAMPLE.findall(text):
        found[name] = found.get(name, 0.0) + float(value)
    return found


def one_token(api: str, seconds: float) -> None:
    """Asks the first model for one token. Raises what the server, or its silence, amounts to."""
    name = json.loads(fetch(f"{api}/models", seconds))["data"][0]["id"]
    question = {"model": name, "messages": [{"role": "user", "content": "."}], "max_tokens": 1}
    answer = json.loads(fetch(f"{api}/chat/completions", seconds, json.dumps(question).encode()))
    if not answer["choices"]:
        raise ValueError("an answer without a choice")


def fetch(address: str, seconds: float, body: bytes | None = None) -> bytes:
    """What lies at `address`, or what it replies to `body`. Raises OSError, status codes from 400 included."""
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=seconds) as reply:
        return bytes(reply.read())


if __name__ == "__main__":
    sys.exit(main())
