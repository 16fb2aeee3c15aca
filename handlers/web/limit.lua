#!lua
-- Takes one from each bucket, or from none: KEYS are buckets, ARGV are per bucket (size, milliseconds a piece).
-- A bucket is one number: the time at which it will be full again (GCRA). Answers 0, or the milliseconds to wait.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local full = {}
local wait = 0
for i, key in ipairs(KEYS) do
  local size, piece = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  full[i] = math.max(tonumber(redis.call('GET', key) or '0'), now) + piece
  wait = math.max(wait, full[i] - now - size * piece)
end
if wait > 0 then return math.ceil(wait) end
for i, key in ipairs(KEYS) do
  redis.call('SET', key, string.format('%d', full[i]), 'PX', string.format('%d', full[i] - now + 1))
end
return 0
