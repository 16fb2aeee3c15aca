-- A write of the one who holds the lease; also its heartbeat, when it carries nothing.
-- `epoch`: the holder changes the owner, which it may only while nobody else has. Then too nothing is written.
-- `check`: "I am about to speak; has anything been said since what I read?" Then nothing is written.
-- -> gone | lost | newer, in | same, in | ok, in
local id, kind = given.id, given.kind
local head = load(id, kind == 'erase')
if not head then return {'gone'} end
local lease = lease_of(head, kind)
local newest = kind == 'turn' and 'in' or 'fact'
if lease.lease ~= given.lease or lease.holder ~= given.holder then return {'lost'} end
if lease.n == given.n then
  if kind ~= 'erase' then renew(id, head) end
  return {'same', int(head[newest])}
end
if lease.held ~= 1 or lease.n + 1 ~= given.n then return {'lost'} end
newest_wake(kind)

if kind == 'erase' and given.finish == 'done' then
  redis.call('ZREM', tag .. 'due:erase', id)
  redis.call('DEL', tag .. id .. ':head')
  return {'ok', '0'}
end
local set = tag .. 'due:' .. kind
if (given.check and head[newest] > given.basis) or (given.owner and given.epoch ~= head.epoch) then
  redis.call('ZADD', set, int(now + given.extend), id)
  return {'newer', int(head[newest])}
end

local before, pending = head.fact, head.pending
append_given(id, head)
set_owner(id, head, given.owner)
for name, value in pairs(given.fields or {}) do
  redis.call('HSET', tag .. id .. ':head', kind .. '.' .. name, value)
end
if given.ended then head.turn = head.turn + 1 end
lease.n = given.n
if given.finish == 'done' then
  lease.held, lease.tries = 0, 0
  if kind == 'turn' then
    head.pending = 0
    for _, fact in ipairs(redis.call('XRANGE', tag .. id .. ':log', '(' .. int(given.basis) .. '-0', '+')) do
      if fact[2][2] == 'message' then head.pending = head.pending + 1 end
    end
    head.pending = math.min(head.pending, pending)
  end
  -- What the holder itself wrote is not news to it; what came since it read is.
  if (kind == 'turn' and head['in'] or before) > given.basis then
    redis.call('ZADD', set, int(now), id)
    wake(kind)
  else
    redis.call('ZREM', set, id)
  end
elseif given.finish then
  -- 'again' gives it back; 'failed' leaves it held, so that the next claim finds its holder gone and counts a try.
  if given.finish == 'again' then lease.held = 0 end
  redis.call('ZADD', set, int(now + given.delay), id)
  -- Idle workers sleep until the lease would have run out: tell them that it is sooner.
  if given.delay < given.extend then wake(kind) end
else
  redis.call('ZADD', set, int(now + given.extend), id)
end
if kind ~= 'erase' then save(id, head) end
save_lease(id, kind, lease)
if head.fact > before then
  if given.mirror then due(id, head, 'slack') end
  renew(id, head)
end
return {'ok', int(head[newest])}
