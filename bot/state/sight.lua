#!lua
-- Somebody met an error. KEYS: the error's sightings, the known problems, since when there has been watching.
-- ARGV: id, phrase, who, and then in ms or numbers: now (0: the server's clock), window, people, history, usual, most.
-- The sightings are customers by the time at which each first met the error. Known: problem id -> JSON.
-- Answers 1 when the problem became known by this.
-- A problem is known once `people` met it within the window, and that is more than `usual` times what the time before
-- would lead one to expect: since watching began, or as far back as the sightings go where they were too many to keep.
-- It stays known until a window passes in which nobody new meets it, and for a day at most: then it is usual.
local DAY = 86400000
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

redis.call('SET', KEYS[3], whole(now), 'NX')
redis.call('PEXPIRE', KEYS[3], whole(4 * history))
local watched = tonumber(redis.call('GET', KEYS[3]))

local raw = redis.call('HGET', KEYS[2], id)
local known = raw and cjson.decode(raw) or nil
if known and known['until'] <= now then known = nil end
local new = not known and 1 or 0
if known then
  if known.ended or added == 0 then return 0 end
  known.seen = known.seen + 1
  if known.text == '' then known['until'] = math.min(now + window, known.since + DAY) end
else
  local all = redis.call('ZCARD', KEYS[1])
  local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  local back = all >= most and tonumber(oldest[2]) or math.max(watched, now - history)
  local expected = (all - recent) * window / math.max(from - back, window)
  if recent < people or recent <= usual * expected then return 0 end
  local first = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. whole(from), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  known = {id = id, phrase = phrase, since = tonumber(first[2]), ['until'] = now + window, text = '', seen = recent}
end
redis.call('HSET', KEYS[2], id, cjson.encode(known))
redis.call('PEXPIRE', KEYS[2], whole(math.max(redis.call('PTTL', KEYS[2]), known['until'] - now)))
return new
