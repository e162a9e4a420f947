-- KEYS job, logs
-- ARGV line, how many are kept or ''
-- Answers how many lines there are; -1 where there is no such job.
local call = redis.call
if call('EXISTS', KEYS[1]) == 0 then return -1 end
local count = call('RPUSH', KEYS[2], ARGV[1])
if ARGV[2] == '' then return count end
if ARGV[2] == '0' then
  call('DEL', KEYS[2])
  return 0
end
call('LTRIM', KEYS[2], -ARGV[2], -1)
return math.min(count, tonumber(ARGV[2]))
