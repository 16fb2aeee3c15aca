-- Takes the lease of the first conversation that is due for a kind. KEYS[1] is the kind's sorted set.
-- -> idle, wake id, ms until the next one (at most 5000)
--  | claimed, id, head (flat), facts, lease, tries, now
local kind = given.kind
local newest = newest_wake(kind)
for _ = 1, 1000 do
  local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  if not first[1] then return {'idle', newest, 5000} end
  local id, wait = first[1], tonumber(first[2]) - now
  if wait > 0 then return {'idle', newest, math.ceil(math.min(wait, 5000))} end
  local head = load(id, kind == 'erase')
  if head and (kind ~= 'erase' or head.state == 'erased') then
    local lease = lease_of(head, kind)
    if lease.held == 1 then lease.tries = lease.tries + 1 end
    lease.lease, lease.holder, lease.held, lease.n = lease.lease + 1, given.holder, 1, 0
    if kind == 'turn' and head.speaking > 0 then
      append(id, head, 'reset', '{"v":1,"event":"reset","turn":' .. int(head.turn + 1) ..
        ',"reason":' .. cjson.encode(given.interrupted[head.language] or given.interrupted.en) .. '}')
      save(id, head)
    end
    save_lease(id, kind, lease)
    redis.call('ZADD', KEYS[1], int(now + given.lease), id)
    return {'claimed', id, redis.call('HGETALL', tag .. id .. ':head'),
      redis.call('XRANGE', tag .. id .. ':log', '-', '+'), int(lease.lease), int(lease.tries), int(now)}
  end
  redis.call('ZREM', KEYS[1], id)
end
return {'idle', newest, 1}
