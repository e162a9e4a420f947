-- An active job whose attempt failed is to run again at once.
-- KEYS job, lock, active, stalled, events, meta, wait, prioritized, pc, delayed, marker
-- ARGV prefix, id, lock token, now, LPUSH or RPUSH, attempts made, failedReason, stacktrace
-- Answers the negative numbers of finish.lua, or {0, 0}.
local call, prefix, id, now, token = redis.call, ARGV[1], ARGV[2], tonumber(ARGV[4]), ARGV[3]
local job, lock, active, stalled, events = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local wait, prioritized, pc, delayed, marker = KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11]
if call('EXISTS', job) == 0 then return -1 end
local meta = call('HMGET', KEYS[6], 'opts.maxLenEvents', 'paused', 'concurrency')
local blocked = meta[2] or (meta[3] and call('LLEN', active) > tonumber(meta[3]))
-- include release
-- include promote_due
call('HSET', job, 'failedReason', ARGV[7], 'stacktrace', ARGV[8], 'atm', ARGV[6])
local priority = tonumber(call('HGET', job, 'priority') or 0) or 0
if priority > 0 then
  call('ZADD', prioritized, priority * 4294967296 + call('INCR', pc) % 4294967296, id)
else
  call(ARGV[5], wait, id)
end
if not blocked then call('ZADD', marker, 0, '0') end
call('XADD', events, 'MAXLEN', '~', meta[1] or 10000, '*', 'event', 'waiting', 'jobId', id, 'prev', 'active')
return {0, 0}
