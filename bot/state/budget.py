"""How often models may be asked in a day, counted on Redis for all processes together. Not here: what is said then."""

from redis.asyncio import Redis

TWO_DAYS_S = 172_800
COUNT = """#!lua
local day = math.floor(tonumber(redis.call('TIME')[1]) / 86400)
local key = KEYS[1] .. string.format('%d', day)
local used = redis.call('INCR', key)
redis.call('EXPIRE', key, ARGV[2])
return used <= tonumber(ARGV[1]) and 1 or 0
"""


class Budget:
    """At most `turns` turns a UTC day; 0 is no limit."""

    def __init__(self, redis: Redis, turns: int) -> None:
        self._turns = turns
        self._count = redis.register_script(COUNT)

    async def spend(self) -> bool:
        """Takes one turn of today's; False when there is none left."""
        if not self._turns:
            return True
        return bool(await self._count(keys=["{budget}:"], args=[self._turns, TWO_DAYS_S]))
