-- KEYS meta, wait, paused, prioritized, delayed, marker, events
-- ARGV 1 in the first call
-- What BullMQ 5 has left in `paused` goes on waiting. Answers how many are still there: call again.
local call, wait, paused = redis.call, KEYS[2], KEYS[3]
call('HDEL', KEYS[1], 'paused')
local left = call('LRANGE', paused, 0, 999)
if left[1] then
  call('RPUSH', wait, unpack(left))
  call('LTRIM', paused, #left, -1)
end
if call('EXISTS', wait, KEYS[4]) > 0 then
  call('ZADD', KEYS[6], 0, '0')
else
  local first = call('ZRANGE', KEYS[5], 0, 0, 'WITHSCORES')[2]
  if first then call('ZADD', KEYS[6], math.floor(first / 4096), '1') end
end
if ARGV[1] == '1' then call('XADD', KEYS[7], '*', 'event', 'resumed') end
return call('LLEN', paused)
