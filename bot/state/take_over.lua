-- Changes the owner and ends whatever turn is running: the same number that fences a stale worker silences the bot.
-- -> gone | same, id | conflict | changed, owner, who | ok, id
local id, head = given.id, load(given.id)
if not head then return {'gone'} end
local known, same = used(id)
if same then
  renew(id, head)
  return {'same', known}
elseif known then
  return {'conflict'}
end
if given.epoch ~= head.epoch then return {'changed', head.owner, head.who or ''} end
newest_wake('turn')

-- What the running answer has said so far stays in the log, and ends its turn.
if head.speaking > 0 then
  local said = {}
  for _, entry in ipairs(redis.call('XRANGE', tag .. id .. ':draft', int(head.speaking) .. '-0', '+')) do
    local event = entry[2][2] == 'delta' and cjson.decode(entry[2][4])
    if event then said[#said + 1] = event.text end
  end
  head.turn = head.turn + 1
  append(id, head, 'stopped', '{"v":1,"event":"stopped","turn":' .. int(head.turn) ..
    ',"text":' .. cjson.encode(table.concat(said)) .. '}')
end
append_given(id, head)
set_owner(id, head, given.owner)
save(id, head)
use(id, given.result)

local lease = lease_of(head, 'turn')
lease.lease, lease.holder, lease.held, lease.n, lease.tries = lease.lease + 1, '', 0, 0, 0
save_lease(id, 'turn', lease)
redis.call('ZADD', tag .. 'due:turn', int(now), id)
wake('turn')
if given.mirror then due(id, head, 'slack') end
for _, kind in ipairs(given.wakes or {}) do due(id, head, kind) end
renew(id, head)
return {'ok', given.result}
