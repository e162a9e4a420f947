-- KEYS meta, marker, events
local call = redis.call
call('HSET', KEYS[1], 'paused', 1)
call('DEL', KEYS[2])
call('XADD', KEYS[3], '*', 'event', 'paused')
return 0
