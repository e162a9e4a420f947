-- After a take without an answer: the jobs that it took, if it was executed. Reads only.
-- KEYS active
-- ARGV prefix, token
-- Answers as take.lua.
local call, found = redis.call, {0, 0}
for _, id in ipairs(call('LRANGE', KEYS[1], 0, -1)) do
  local job = ARGV[1] .. id
  if call('GET', job .. ':lock') == ARGV[2] then
    local fields = call('HGETALL', job)
    fields[#fields + 1] = id
    found[#found + 1] = fields
  end
end
return found
