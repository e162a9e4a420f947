-- An active job is to run again later. Takes the next one.
-- KEYS job, lock, active, stalled, events, meta, wait, prioritized, pc, delayed, marker, limiter
-- ARGV prefix, id, lock token, now, delay in ms, attempts made or '' where this one does not count, token for the next job or
--      '', ms of the lock; then pairs: name, max, duration of the worker; failedReason, stacktrace
-- Answers as finish.lua.
local call, prefix, id, time, token = redis.call, ARGV[1], ARGV[2], ARGV[4], ARGV[3]
local now = tonumber(time)
local job, lock, active, stalled, events = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local wait, prioritized, pc, delayed, marker, limiter = KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12]
local plain = 8
-- include more
if call('EXISTS', job) == 0 then return -1 end
-- include release
-- include delayed_score
local meta = call('HMGET', KEYS[6], 'opts.maxLenEvents', 'paused', 'concurrency', 'max', 'duration')
local due = now + ARGV[5]
call('HSET', job, 'delay', ARGV[5])
if ARGV[6] ~= '' then call('HSET', job, 'atm', ARGV[6]) end
if more.failedReason then call('HSET', job, 'failedReason', more.failedReason, 'stacktrace', more.stacktrace) end
call('ZADD', delayed, delayed_score(due), id)
call('XADD', events, 'MAXLEN', '~', meta[1] or 10000, '*', 'event', 'delayed', 'jobId', id, 'delay', due)
token = ARGV[7]
local lock_ms, wanted = ARGV[8], 1
local answer = {0, 0}
if token ~= '' then
  -- include take
  answer = taken
end
if not answer[3] then
  local first = call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2]
  if first then call('ZADD', marker, math.floor(first / 4096), '1') end
end
return answer
