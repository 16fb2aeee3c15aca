#!lua
-- One conversation met an error. KEYS: the error's sightings, the known problems. ARGV: id, phrase, who, and then in ms
-- or numbers: now (0: the server's clock), window, people, history, usual, most.
-- The sightings are conversations by the time at which each first met the error. Known: problem id -> JSON.
-- A problem is known once `people` met it within the window, and that is more than `usual` times what is usual for it.
local id, phrase, who = ARGV[1], ARGV[2], ARGV[3]
local now, window, people = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local history, usual, most = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local whole = function(number) return string.format('%d', number) end

redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', whole(now - history))
local added = redis.call('ZADD', KEYS[1], 'NX', whole(now), who)
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -(most + 1))
redis.call('PEXPIRE', KEYS[1], whole(history))
local from = now - window
local recent = redis.call('ZCOUNT', KEYS[1], '(' .. whole(from), '+inf')

local raw = redis.call('HGET', KEYS[2], id)
local known = raw and cjson.decode(raw) or nil
if known and known['until'] <= now then known = nil end
if known then
  if known.ended or added == 0 then return recent end
  known.seen = known.seen + 1
  if known.text == '' then known['until'] = math.max(known['until'], now + window) end
else
  local before = redis.call('ZCARD', KEYS[1]) - recent
  local expected = before * window / math.max(history - window, 1)
  if recent < people or recent <= usual * expected then return recent end
  local first = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. whole(from), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  known = {id = id, phrase = phrase, since = tonumber(first[2]), ['until'] = now + window, text = '', seen = recent}
end
redis.call('HSET', KEYS[2], id, cjson.encode(known))
redis.call('PEXPIRE', KEYS[2], whole(math.max(redis.call('PTTL', KEYS[2]), known['until'] - now)))
return recent
