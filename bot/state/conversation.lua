-- What every script does with one conversation: its clock, its head, its events, its expiry.
-- Put before each script by store.py. KEYS[1] is a key of the conversation's partition, ARGV[1] the script's
-- arguments as JSON (absent means nil), ARGV[2..] the events as pairs of name and JSON.

local given = cjson.decode(ARGV[1])
local tag = string.match(KEYS[1], '^{[^}]*}:')

local function int(n) return string.format('%d', n) end

local function server_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- Now is the server's clock (a test may pass its own), and never earlier than the newest wake-up of a kind that the
-- script looks at or wakes: a clock that steps back must not leave accepted messages idle.
local now = given.now or server_ms()

local function newest_wake(kind)
  local last = redis.call('XREVRANGE', tag .. 'wake:' .. kind, '+', '-', 'COUNT', 1)[1]
  if not last then return '0-0' end
  now = math.max(now, tonumber(string.match(last[1], '^%d+')))
  return last[1]
end

local NUMBERS = {'epoch', 'turn', 'at', 'fact', 'in', 'pending', 'speaking', 'since'}
local LEASED = {'lease', 'held', 'n', 'tries'}

-- The head of a conversation, or nil when there is none or it was erased (`erased` asks for those too).
local function load(id, erased)
  local flat = redis.call('HGETALL', tag .. id .. ':head')
  if #flat == 0 then return nil end
  local head = {}
  for i = 1, #flat, 2 do head[flat[i]] = flat[i + 1] end
  if head.state ~= 'open' and not erased then return nil end
  for _, name in ipairs(NUMBERS) do head[name] = tonumber(head[name] or 0) end
  return head
end

local function lease_of(head, kind)
  local lease = {holder = head['holder:' .. kind] or ''}
  for _, name in ipairs(LEASED) do lease[name] = tonumber(head[name .. ':' .. kind] or 0) end
  return lease
end

local function save_lease(id, kind, lease)
  redis.call('HSET', tag .. id .. ':head', 'holder:' .. kind, lease.holder, 'lease:' .. kind, int(lease.lease),
    'held:' .. kind, int(lease.held), 'n:' .. kind, int(lease.n), 'tries:' .. kind, int(lease.tries))
end

local function save(id, head)
  redis.call('HSET', tag .. id .. ':head', 'owner', head.owner, 'who', head.who or '', 'agent', head.agent or '',
    'epoch', int(head.epoch), 'turn', int(head.turn), 'at', int(head.at), 'fact', int(head.fact),
    'in', int(head['in']), 'pending', int(head.pending), 'speaking', int(head.speaking), 'since', int(head.since))
end

local DRAFT = {delta = true, reset = true, step = true}
-- After these, no half-said answer stands before the readers.
local SILENT = {reset = true, answered = true, stopped = true, done = true}
local DRAFT_MS, BUS_MS = 600000, 60000

-- Appends one event to the log or the draft and to the bus, under the next id: one order, two lifetimes.
local function append(id, head, name, data)
  local event = math.max(now, head.at + 1)
  local key = tag .. id .. (DRAFT[name] and ':draft' or ':log')
  redis.call('XADD', key, int(event) .. '-0', 'e', name, 'd', data)
  if DRAFT[name] then
    redis.call('XTRIM', key, 'MINID', '~', int(event - DRAFT_MS))
    redis.call('PEXPIRE', key, DRAFT_MS)
  else
    head.fact = event
  end
  redis.call('XADD', tag .. 'bus', 'MINID', '~', int(server_ms() - BUS_MS), '*',
    'c', id, 'p', int(head.at), 'i', int(event), 'd', data)
  redis.call('PEXPIRE', tag .. 'bus', BUS_MS)
  head.at = event
  if name == 'delta' then
    if head.speaking == 0 then head.speaking = event end
  elseif SILENT[name] then
    head.speaking = 0
  end
  return event
end

local function append_given(id, head)
  for i = 2, #ARGV, 2 do append(id, head, ARGV[i], ARGV[i + 1]) end
end

local function wake(kind)
  newest_wake(kind)
  redis.call('XADD', tag .. 'wake:' .. kind, 'MAXLEN', 1, int(now) .. '-*', 'w', '1')
end

-- Makes a conversation due for a kind, unless somebody holds it: then they hear of it by their next write.
local function due(id, head, kind)
  if lease_of(head, kind).held == 1 then return end
  redis.call('ZADD', tag .. 'due:' .. kind, 'LT', int(now), id)
  wake(kind)
end

-- What a solved conversation is found by; the newest twenty of each mark. Opened again, it solved nothing.
local SOLVED = 20
local function unmark(id, head)
  for mark in string.gmatch(head.marks or '', '%S+') do redis.call('ZREM', tag .. 'solved:' .. mark, id) end
end

local function mark_solved(id, head, owner)
  unmark(id, head)
  head.marks = owner == 'closed' and table.concat(given.marks or {}, ' ') or ''
  for mark in string.gmatch(head.marks, '%S+') do
    local key = tag .. 'solved:' .. mark
    redis.call('ZADD', key, int(now), id)
    redis.call('ZREMRANGEBYRANK', key, 0, -SOLVED - 1)
    redis.call('PEXPIRE', key, given.life)
  end
  redis.call('HSET', tag .. id .. ':head', 'marks', head.marks)
end

-- Who owns it from here on. The queue holds what waits for a person or has one; what begins to wait is due for
-- `timer` at once: whoever claims it knows when the first reminder is.
local function set_owner(id, head, owner)
  if not owner then return end
  head.owner, head.who, head.agent = owner.owner, owner.who or '', owner.agent or ''
  head.epoch = head.epoch + 1
  if owner.owner == 'human' or owner.owner == 'closed' then head.pending = 0 end
  if owner.owner == 'closed' or (head.marks or '') ~= '' then mark_solved(id, head, owner.owner) end
  if owner.owner == 'waiting' or owner.owner == 'human' then
    if head.since == 0 then head.since = now end
    redis.call('ZADD', tag .. 'queue', int(head.since), id)
    redis.call('PEXPIRE', tag .. 'queue', given.life)
  else
    head.since = 0
    redis.call('ZREM', tag .. 'queue', id)
  end
  if owner.owner == 'waiting' then
    due(id, head, 'timer')
  else
    redis.call('ZREM', tag .. 'due:timer', id)
  end
end

-- Renewed together, so that no key of a conversation outlives another. It is also the write that WAIT confirms when
-- a repeated call changes nothing else.
local function renew(id, head)
  for _, name in ipairs({':head', ':log', ':keys'}) do redis.call('PEXPIRE', tag .. id .. name, given.life) end
  if head.customer then redis.call('PEXPIRE', tag .. 'customer:' .. head.customer, given.life) end
end

-- What an idempotency key was used for: nil, 'conflict', or the id that the first call returned.
local function used(id)
  local known = given.key and redis.call('HGET', tag .. id .. ':keys', given.key)
  if not known then return nil end
  local digest, result = string.match(known, '^(%S*) (.*)$')
  return digest == given.digest and result or 'conflict', digest == given.digest
end

local function use(id, result)
  if given.key then redis.call('HSET', tag .. id .. ':keys', given.key, given.digest .. ' ' .. result) end
end
