-- Creates a conversation: the only script that does. -> 'ok' | 'taken'
if redis.call('EXISTS', tag .. given.id .. ':head') == 1 then return {'taken'} end
redis.call('HSET', tag .. given.id .. ':head', 'state', 'open', 'opened', int(now), 'turn', '0', 'owner', 'bot',
  'epoch', '0', 'at', int(now), 'fact', '0', 'in', '0', 'pending', '0', 'speaking', '0')
if given.customer then
  redis.call('HSET', tag .. given.id .. ':head', 'customer', given.customer)
  redis.call('ZADD', tag .. 'customer:' .. given.customer, int(now), given.id)
end
renew(given.id, {customer = given.customer})
return {'ok'}
