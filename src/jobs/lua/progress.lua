-- KEYS job, events, meta
-- ARGV id, progress, most events
-- Answers -1 where there is no such job.
local call = redis.call
if call('EXISTS', KEYS[1]) == 0 then return -1 end
local most = call('HGET', KEYS[3], 'opts.maxLenEvents') or ARGV[3]
call('HSET', KEYS[1], 'progress', ARGV[2])
call('XADD', KEYS[2], 'MAXLEN', '~', most, '*', 'event', 'progress', 'jobId', ARGV[1], 'data', ARGV[2])
return 0
