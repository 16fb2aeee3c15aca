-- Erases a conversation in one step; what lies elsewhere (pictures, posts) is left to whoever claims `erase`.
-- -> gone | ok
local id, head = given.id, load(given.id)
if not head then return {'gone'} end
local key = tag .. id
unmark(id, head)
local keep = {'state', 'erased', 'at', int(head.at + 1)}
for name, value in pairs(head) do
  if string.match(name, '^slack%.') then keep[#keep + 1] = name; keep[#keep + 1] = value end
end
if head.customer then redis.call('ZREM', tag .. 'customer:' .. head.customer, id) end
redis.call('DEL', key .. ':head', key .. ':log', key .. ':draft', key .. ':keys', key .. ':present')
redis.call('HSET', key .. ':head', unpack(keep))
redis.call('PEXPIRE', key .. ':head', given.life)
for _, kind in ipairs({'turn', 'slack', 'timer', 'mail'}) do redis.call('ZREM', tag .. 'due:' .. kind, id) end
redis.call('ZREM', tag .. 'queue', id)
-- Readers whose position cannot follow this read again, and find it gone.
redis.call('XADD', tag .. 'bus', '*', 'c', id, 'p', '-1', 'i', int(head.at + 1), 'd', '')
-- Its running text may still be on the bus: those entries go now, not in a minute.
for _, entry in ipairs(redis.call('XRANGE', tag .. 'bus', '-', '+')) do
  if entry[2][2] == id and entry[2][8] ~= '' then redis.call('XDEL', tag .. 'bus', entry[1]) end
end
redis.call('PEXPIRE', tag .. 'bus', BUS_MS)
redis.call('ZADD', tag .. 'due:erase', int(now), id)
wake('erase')
return {'ok'}
