-- Takes events in from a channel: durable, once per key, and due unless somebody holds the conversation.
-- -> gone | same, id | conflict | changed, owner, who | busy | full | new, id
local id, head = given.id, load(given.id)
if not head then return {'gone'} end
local known, same = used(id)
if same then
  renew(id, head)
  return {'same', known}
elseif known then
  return {'conflict'}
end
if given.epoch and given.epoch ~= head.epoch then return {'changed', head.owner, head.who or ''} end
if given.belongs and head.customer ~= given.belongs[1] then
  return head.customer == given.belongs[2] and {'same', given.result} or {'changed', head.owner, head.who or ''}
end
if given.facts and redis.call('XLEN', tag .. id .. ':log') >= given.facts then return {'full'} end
if given.unanswered and head.pending >= given.unanswered then return {'busy'} end
if given.needs_turn then newest_wake('turn') end

append_given(id, head)
set_owner(id, head, given.owner)
if given.language then redis.call('HSET', tag .. id .. ':head', 'language', given.language) end
for name, value in pairs(given.described or {}) do redis.call('HSET', tag .. id .. ':head', name, value) end
if given.belongs then
  redis.call('ZREM', tag .. 'customer:' .. given.belongs[1], id)
  head.customer = given.belongs[2]
  redis.call('HSET', tag .. id .. ':head', 'customer', head.customer)
  redis.call('ZADD', tag .. 'customer:' .. head.customer, tonumber(head.opened), id)
end
if given.needs_turn then
  head['in'] = head.fact
  if given.counts then head.pending = head.pending + 1 end
end
save(id, head)
use(id, given.result)
if given.needs_turn then due(id, head, 'turn') end
if given.mirror then due(id, head, 'slack') end
for _, kind in ipairs(given.wakes or {}) do due(id, head, kind) end
renew(id, head)
return {'new', given.result}
