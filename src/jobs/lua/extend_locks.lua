-- Renews locks that are still this worker's. PEXPIRE and not SET: a full server does not refuse it.
-- KEYS stalled
-- ARGV prefix, ms; then for each job: id, token
-- Answers the ids whose lock is gone or another's.
local call, lost = redis.call, {}
for at = 3, #ARGV, 2 do
  local lock = ARGV[1] .. ARGV[at] .. ':lock'
  if call('GET', lock) == ARGV[at + 1] then
    call('PEXPIRE', lock, ARGV[2])
    call('SREM', KEYS[1], ARGV[at])
  else
    lost[#lost + 1] = ARGV[at]
  end
end
return lost
