-- Writes that a job has completed or failed for good, and takes the next one.
-- KEYS job, lock, dependencies, unsuccessful, active, stalled, events, meta, completed or failed,
--      wait, prioritized, pc, delayed, marker, limiter
-- ARGV prefix, id, lock token, now, returnvalue or failedReason, its text, completed or failed, attempts made with this one,
--      how many are kept or '', token for the next job or '' for none, ms of the lock; then pairs: name, max, duration of the
--      worker; age, limit of what is kept; attempts, stacktrace, defa of a failed job; deid; parentKey, parentQueue, parentId
--      of a child and its onFailure: fpof, cpof, idof or rdof
-- Answers -1 no such job, -2 no lock, -6 another's, -3 not active, -4 pending children, -9 failed children: nothing was done.
-- Else `taken` of shared/take.lua.
local call, prefix, id, time, token = redis.call, ARGV[1], ARGV[2], ARGV[4], ARGV[3]
local now = tonumber(time)
local job, lock, active, stalled, events = KEYS[1], KEYS[2], KEYS[5], KEYS[6], KEYS[7]
local wait, prioritized, pc, delayed, marker, limiter = KEYS[10], KEYS[11], KEYS[12], KEYS[13], KEYS[14], KEYS[15]
local field, text, event, made, count = ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local plain = 11
-- include more
if call('EXISTS', job) == 0 then return -1 end
if event == 'completed' and call('EXISTS', KEYS[3], KEYS[4]) > 0 then return call('EXISTS', KEYS[3]) == 1 and -4 or -9 end
-- include release
local meta = call('HMGET', KEYS[8], 'opts.maxLenEvents', 'paused', 'concurrency', 'max', 'duration')
local most = meta[1]
if not most then
  most = 10000
  call('HSET', KEYS[8], 'opts.maxLenEvents', most)
end
if more.deid then
  -- include deduplication_ends
end
if more.parentKey then
  -- include tell_parent
end
if count == '0' then
  call('DEL', job, job .. ':logs', KEYS[3], job .. ':processed', job .. ':failed', KEYS[4])
else
  call('ZADD', KEYS[9], time, id)
  if more.stacktrace then call('HSET', job, 'stacktrace', more.stacktrace) end
  if more.defa then call('HDEL', job, 'defa') end
  call('HSET', job, field, text, 'finishedOn', time, 'atm', made)
  if count ~= '' or more.age then
    local target = KEYS[9]
    -- include retain
  end
end
call('XADD', events, 'MAXLEN', '~', most, '*', 'event', event, 'jobId', id, field, text, 'prev', 'active')
if event == 'failed' and tonumber(made) >= tonumber(more.attempts or 0) then
  call('XADD', events, '*', 'event', 'retries-exhausted', 'jobId', id, 'attemptsMade', made)
end
token = ARGV[10]
local lock_ms, wanted = ARGV[11], 1
if token ~= '' then
  -- include take
  if taken[3] or taken[2] > 0 or not is_open then return taken end
end
if call('EXISTS', wait, active, prioritized) == 0 then call('XADD', events, '*', 'event', 'drained') end
return {0, 0}
