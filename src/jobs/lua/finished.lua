-- KEYS completed, failed, job
-- ARGV id
-- Answers {-1} no such job, {0} not yet, {1, returnvalue}, {2, failedReason}.
local call = redis.call
if call('EXISTS', KEYS[3]) == 0 then return {-1} end
if call('ZSCORE', KEYS[1], ARGV[1]) then return {1, call('HGET', KEYS[3], 'returnvalue')} end
if call('ZSCORE', KEYS[2], ARGV[1]) then return {2, call('HGET', KEYS[3], 'failedReason')} end
return {0}
