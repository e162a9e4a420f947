-- A finished job is run again.
-- KEYS job, completed or failed, wait, prioritized, pc, active, meta, marker, events
-- ARGV id, completed or failed, returnvalue or failedReason, 1 where the counters begin anew, LPUSH or RPUSH
-- Answers 0, -1 no such job, -3 it is in another state.
local call, id, from = redis.call, ARGV[1], ARGV[2]
local job = KEYS[1]
if call('EXISTS', job) == 0 then return -1 end
if call('ZREM', KEYS[2], id) == 0 then return -3 end
call('HDEL', job, 'finishedOn', 'processedOn', ARGV[3])
if ARGV[4] == '1' then call('HDEL', job, 'atm', 'ats') end
local meta = call('HMGET', KEYS[7], 'opts.maxLenEvents', 'paused', 'concurrency')
local its = call('HMGET', job, 'priority', 'parentKey')
local priority, parent = tonumber(its[1] or 0) or 0, its[2]
if priority > 0 then
  call('ZADD', KEYS[4], priority * 4294967296 + call('INCR', KEYS[5]) % 4294967296, id)
else
  call(ARGV[5], KEYS[3], id)
end
if not meta[2] and not (meta[3] and call('LLEN', KEYS[6]) >= tonumber(meta[3])) then call('ZADD', KEYS[8], 0, '0') end
-- A flow's parent waits for its child again.
if parent and call('EXISTS', parent) == 1 then
  local was_counted
  if from == 'failed' then
    was_counted = call('ZREM', parent .. ':unsuccessful', job) + call('HDEL', parent .. ':failed', job)
  else
    was_counted = call('HDEL', parent .. ':processed', job)
  end
  if was_counted > 0 then call('SADD', parent .. ':dependencies', job) end
end
call('XADD', KEYS[9], 'MAXLEN', '~', meta[1] or 10000, '*', 'event', 'waiting', 'jobId', id, 'prev', from)
return 0
