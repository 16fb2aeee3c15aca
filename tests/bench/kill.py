"""Answers lost and answers given twice when a worker is killed with `kill -9` at ten points of a turn.

    python tests/bench/kill.py [ROUNDS]

Real worker processes on a real Valkey; a second one finds the dead one's conversation when its lease (1 s here, 6 s
by default) has run out. What counts is what the reader's stream showed.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "state"))

from killable import LEASE_S, POINTS
from killing import kill_at

from bot.state.embedded import embedded
from bot.state.store import Store


async def main(rounds: int) -> bool:
    """Prints one line per point, and the sum; whether nothing was lost, doubled or torn."""
    lost = twice = faults = kills = 0
    print(
        f"{'killed':<18} {'kills':>5} {'lost':>5} {'twice':>5} {'torn':>5}  seconds to the end (lease {LEASE_S:.0f} s)"
    )
    with tempfile.TemporaryDirectory() as folder:
        async with embedded(Path(folder)) as url, Store(url) as store:
            for point in POINTS:
                outcomes = [await kill_at(store, point) for _ in range(rounds)]
                row = [sum(o.killed for o in outcomes), sum(o.lost for o in outcomes), sum(o.twice for o in outcomes)]
                torn = sum(bool(o.faults) for o in outcomes)
                slowest = max(o.seconds for o in outcomes)
                print(f"{point:<18} {row[0]:>5} {row[1]:>5} {row[2]:>5} {torn:>5}  {slowest:.1f}", flush=True)
                kills, lost, twice, faults = kills + row[0], lost + row[1], twice + row[2], faults + torn
    print(f"{'all':<18} {kills:>5} {lost:>5} {twice:>5} {faults:>5}")
    return not (lost or twice or faults)


if __name__ == "__main__":
    sys.exit(not asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)))
