-- Takes jobs. (Numbers are passed on as text wherever they came so: Redis 7.0 prints a Lua number in half a microsecond.)
-- Answers `taken` of shared/take.lua; of each job the id comes last.
-- KEYS meta, wait, active, prioritized, pc, delayed, marker, events, limiter
-- ARGV prefix, now, token, ms of the lock, how many, worker's name, its limit or '', and that limit's ms
local call, prefix, time, token, lock_ms = redis.call, ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local now = tonumber(time)
local wait, active, prioritized, pc, delayed = KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local marker, events, limiter = KEYS[7], KEYS[8], KEYS[9]
local wanted, name, own_max, own_duration = tonumber(ARGV[5]), ARGV[6], ARGV[7], ARGV[8]
local meta = call('HMGET', KEYS[1], 'opts.maxLenEvents', 'paused', 'concurrency', 'max', 'duration')
-- include take_many
return taken
