"""Small things in Redis that are Slack's alone: texts beside a conversation, marks that expire, seconds in a channel.

A conversation's texts lie under its own hash tag and are refused once it is gone; `drop` removes them when it is
erased. Not here: the log, the leases and what the mirror writes under its lease (`bot.state.store`).
"""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from bot.state.client import connect

KEEP = """#!lua
if redis.call('HGET', KEYS[1], 'state') ~= 'open' then return 0 end
for i = 2, #ARGV, 2 do
  if ARGV[i + 1] == '' then redis.call('HDEL', KEYS[2], ARGV[i])
  else redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
end
redis.call('PEXPIRE', KEYS[2], ARGV[1])
return 1
"""
RESERVE = """#!lua
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local start = math.max(now, tonumber(redis.call('GET', KEYS[1]) or '0'))
local free = start + tonumber(ARGV[1])
redis.call('SET', KEYS[1], string.format('%d', free), 'PX', string.format('%d', free - now + 60000))
return string.format('%d', start - now)
"""
HEARD = """#!lua
if not redis.call('SET', KEYS[1], '1', 'NX', 'PX', ARGV[1]) then return 0 end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[1])
return 1
"""
HOLDS = """#!lua
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return 1
"""
ASKED = "{slack}:asked"
HOLD = """#!lua
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local free = math.max(now + tonumber(ARGV[1]), tonumber(redis.call('GET', KEYS[1]) or '0'))
redis.call('SET', KEYS[1], string.format('%d', free), 'PX', string.format('%d', free - now + 60000))
return 1
"""


class Beside:
    """`Memory` and `Slots` on one Redis or Valkey, with a client of its own that it closes on exit."""

    def __init__(self, url: str, *, life_days: float = 180) -> None:
        self._life = int(life_days * 86_400_000)
        self._redis: Any = connect(url, decode=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._redis.aclose()

    async def fields(self, conversation_id: str) -> dict[str, str]:
        """All that is kept beside a conversation; empty when there is nothing."""
        return dict(await self._redis.hgetall(_key(conversation_id)))

    async def keep(self, conversation_id: str, fields: Mapping[str, str]) -> None:
        """Writes fields in one step, an empty one is removed. Nothing when the conversation is gone."""
        flat = [text for name, value in fields.items() for text in (name, value)]
        head = _key(conversation_id).removesuffix(":slack") + ":head"
        await self._run(KEEP, [head, _key(conversation_id)], [self._life, *flat])

    async def drop(self, conversation_id: str) -> None:
        """Removes all that is kept beside a conversation."""
        await self._redis.delete(_key(conversation_id))

    async def once(self, name: str, seconds: float) -> bool:
        """Whether this is the first time in `seconds` that `name` is asked about."""
        return bool(await self._redis.set(f"slack:once:{name}", "1", nx=True, px=int(seconds * 1000)))

    async def heard(self, event: str, question: str, seconds: float) -> bool:
        """Whether an event is heard for the first time in `seconds`; then its question is kept, in the same step."""
        keys = [f"{{slack}}:heard:{event}", ASKED]
        return bool(await self._run(HEARD, keys, [int(seconds * 1000), event, question]))

    async def questions(self) -> dict[str, str]:
        """The questions that are kept, by their event."""
        return dict(await self._redis.hgetall(ASKED))

    async def question(self, event: str, question: str) -> None:
        """Keeps a question in the place of an earlier one; an empty one is removed."""
        await (self._redis.hset(ASKED, event, question) if question else self._redis.hdel(ASKED, event))

    async def holds(self, event: str, holder: str, seconds: float) -> bool:
        """Whether `holder` has this question, for so many seconds more; 0 gives it back."""
        return bool(await self._run(HOLDS, [f"{{slack}}:answers:{event}"], [holder, int(seconds * 1000)]))

    async def reserve(self, channel: str, interval: float) -> float:
        """Takes the next free moment in a channel and returns the seconds until it."""
        return int(await self._run(RESERVE, [f"slack:free:{channel}"], [int(interval * 1000)])) / 1000

    async def hold(self, channel: str, seconds: float) -> None:
        """Leaves no free moment in a channel for so many seconds from now."""
        await self._run(HOLD, [f"slack:free:{channel}"], [int(seconds * 1000)])

    async def _run(self, script: str, keys: list[str], arguments: list[Any]) -> Any:
        return await self._redis.execute_command("EVAL", script, len(keys), *keys, *arguments)


def _key(conversation_id: str) -> str:
    return f"{{{conversation_id.partition('-')[0]}}}:{conversation_id}:slack"
