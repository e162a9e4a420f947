-- A delayed job is run now.
-- KEYS job, delayed, wait, prioritized, pc, active, meta, marker, events
-- ARGV id
-- Answers 0, -1 no such job, -3 not delayed.
local call, id = redis.call, ARGV[1]
if call('EXISTS', KEYS[1]) == 0 then return -1 end
if call('ZREM', KEYS[2], id) == 0 then return -3 end
local meta = call('HMGET', KEYS[7], 'paused', 'concurrency')
local priority = tonumber(call('HGET', KEYS[1], 'priority') or 0) or 0
if priority > 0 then
  call('ZADD', KEYS[4], priority * 4294967296 + call('INCR', KEYS[5]) % 4294967296, id)
else
  call('LPUSH', KEYS[3], id)
end
if not meta[1] and not (meta[2] and call('LLEN', KEYS[6]) >= tonumber(meta[2])) then call('ZADD', KEYS[8], 0, '0') end
call('XADD', KEYS[9], '*', 'event', 'waiting', 'jobId', id, 'prev', 'delayed')
call('HSET', KEYS[1], 'delay', 0)
return 0
