-- KEYS completed, failed, delayed, prioritized, active, wait, paused, waiting-children
-- ARGV id
local call, id = redis.call, ARGV[1]
if call('ZSCORE', KEYS[1], id) then return 'completed' end
if call('ZSCORE', KEYS[2], id) then return 'failed' end
if call('ZSCORE', KEYS[3], id) then return 'delayed' end
if call('ZSCORE', KEYS[4], id) then return 'prioritized' end
if call('LPOS', KEYS[5], id) then return 'active' end
if call('LPOS', KEYS[6], id) or call('LPOS', KEYS[7], id) then return 'waiting' end
if call('ZSCORE', KEYS[8], id) then return 'waiting-children' end
return 'unknown'
