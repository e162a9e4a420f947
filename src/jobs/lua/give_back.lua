-- An active job goes back to the front, without counting an attempt, and no job starts within the time given.
-- KEYS job, lock, active, stalled, events, meta, wait, prioritized, marker, limiter
-- ARGV id, lock token, ms or 0
-- Answers the negative numbers of finish.lua, or {0, 0}.
local call, id, token = redis.call, ARGV[1], ARGV[2]
local job, lock, active, stalled = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
if call('EXISTS', job) == 0 then return -1 end
-- include release
local meta = call('HMGET', KEYS[6], 'opts.maxLenEvents', 'paused', 'concurrency')
local priority = tonumber(call('HGET', job, 'priority') or 0) or 0
if priority > 0 then
  call('ZADD', KEYS[8], priority * 4294967296, id)
else
  call('RPUSH', KEYS[7], id)
end
if not meta[2] and not (meta[3] and call('LLEN', active) >= tonumber(meta[3])) then call('ZADD', KEYS[9], 0, '0') end
call('XADD', KEYS[5], 'MAXLEN', '~', meta[1] or 10000, '*', 'event', 'waiting', 'jobId', id, 'prev', 'active')
-- As large a number as BullMQ writes: more than any limit.
if ARGV[3] ~= '0' then call('SET', KEYS[10], '9007199254740991', 'PX', ARGV[3]) end
return {0, 0}
