"""Which errors were met by how many customers of late, and the problems that are known: small keys that expire.

`{incidents}:seen:<id>` holds customers (hashed) by the time at which each met the error, for a week;
`{incidents}:known` holds the known problems, `{incidents}:watched` since when there has been watching. An error's text
is written only once several of them share it, so what stands there is nobody's own. Not here: which errors are
the same (`bot.knowledge.incidents`).
"""

import hashlib
from collections.abc import Callable, Mapping
from importlib.resources import files
from types import TracebackType
from typing import Any, Self

import orjson

from bot.state.client import connect

HISTORY_MS = 7 * 86_400_000
MOST = 10_000
"""Conversations that one error remembers."""
KNOWN = "{incidents}:known"
WATCHED = "{incidents}:watched"
PUT = """#!lua
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
local now, last = tonumber(ARGV[3]), 0
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local ends = cjson.decode(all[i + 1])['until']
  if ends <= now then redis.call('HDEL', KEYS[1], all[i]) end
  last = math.max(last, ends)
end
redis.call('PEXPIRE', KEYS[1], string.format('%d', math.max(last - now, 1)))
return 1
"""


class Sightings:
    """Sightings and known problems on one Redis or Valkey, with a client of its own that it closes on exit.

    A problem is known once `people` customers met its error within `window_s`, and that is more than `usual` times
    what the week before (or since watching began) would lead one to expect: an error that is always there is no
    incident. `most` sightings of one error are kept. `clock`: Unix ms; None means the server's own.
    """

    def __init__(
        self,
        url: str,
        *,
        people: int = 3,
        window_s: float = 3600,
        usual: float = 4,
        most: int = MOST,
        clock: Callable[[], int] | None = None,
    ) -> None:
        self._limits = (int(window_s * 1000), people, HISTORY_MS, usual, most)
        self._clock = clock
        self._redis: Any = connect(url, timeout_s=2, call_s=3, decode=True)
        self._sight = self._redis.register_script(files(__package__).joinpath("sight.lua").read_text("utf-8"))
        self._put = self._redis.register_script(PUT)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._redis.aclose()

    @property
    def window_ms(self) -> int:
        """How long sightings count together."""
        return self._limits[0]

    async def add(self, id_: str, phrase: str, who: str) -> bool:
        """Somebody (a customer, else a conversation) met the error `id_`: counted once, however often it is said.
        Returns whether the problem became known by this."""
        hashed = hashlib.sha256(who.encode()).hexdigest()[:24]
        now = self._clock() if self._clock else 0
        arguments: list[str | float] = [id_, phrase, hashed, now, *self._limits]
        return bool(await self._sight(keys=[f"{{incidents}}:seen:{id_}", KNOWN, WATCHED], args=arguments))

    async def known(self) -> list[dict[str, Any]]:
        """The problems that are known now, newest first; those that ended or ran out are left out."""
        if not (kept := await self._all()):  # most often: a turn does not ask for the time in vain
            return []
        now = await self.now()
        found = [p for p in kept.values() if p["until"] > now and not p.get("ended")]
        return sorted(found, key=lambda p: p["since"], reverse=True)

    async def put(self, id_: str, problem: Mapping[str, Any]) -> None:
        """Makes a problem known, in the place of an earlier one of the same id; those that ran out are removed.
        `until` (Unix ms) says for how long; with `ended` it is quiet until then, however many meet it."""
        now = await self.now()
        await self._put(keys=[KNOWN], args=[id_, orjson.dumps(dict(problem)), now])

    async def now(self) -> int:
        """Unix ms, by the clock that the script uses."""
        if self._clock:
            return self._clock()
        seconds, micros = await self._redis.time()
        return int(seconds) * 1000 + int(micros) // 1000

    async def _all(self) -> dict[str, dict[str, Any]]:
        return {id_: orjson.loads(raw) for id_, raw in (await self._redis.hgetall(KNOWN)).items()}
