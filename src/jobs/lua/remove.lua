-- Removes a job, in whatever state it is, unless a worker has it.
-- KEYS job, lock, meta, events, completed, waiting-children, delayed, failed, prioritized, wait, paused, active
-- ARGV prefix, id, now
-- Answers 1, 0 locked, -1 no such job, -8 it is the next run of a job scheduler.
local call, prefix, id, now = redis.call, ARGV[1], ARGV[2], tonumber(ARGV[3])
if call('EXISTS', KEYS[1]) == 0 then return -1 end
if call('EXISTS', KEYS[2]) == 1 then return 0 end
-- include is_scheduled
if is_scheduled(id) then return -8 end
local from = 'unknown'
for at, name in ipairs({'completed', 'waiting-children', 'delayed', 'failed', 'prioritized', 'wait', 'paused', 'active'}) do
  local removed
  if at <= 5 then removed = call('ZREM', KEYS[4 + at], id) else removed = call('LREM', KEYS[4 + at], 1, id) end
  if removed > 0 then
    from = name
    break
  end
end
-- include remove_hash
remove_hash(id, true)
local most = call('HGET', KEYS[3], 'opts.maxLenEvents') or 10000
call('XADD', KEYS[4], 'MAXLEN', '~', most, '*', 'event', 'removed', 'jobId', id, 'prev', from)
return 1
