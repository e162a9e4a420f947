-- Writes that jobs have completed which are kept and have no family, and takes as many others: what finish.lua does for
-- each, but what is the same for all is asked once.
-- KEYS meta, active, stalled, events, completed, wait, prioritized, pc, delayed, marker, limiter
-- ARGV prefix, now, ms of the lock, worker's name, its limit or '', that limit's ms; then for each job: id, lock token,
--      returnvalue, attempts made with this one, token for a next job or '' for none
-- Answers `taken` of shared/take.lua, the n-th job under the n-th token, and behind it finish.lua's code for each: "0 -2 0".
local call, prefix, time, lock_ms = redis.call, ARGV[1], ARGV[2], ARGV[3]
local now = tonumber(time)
local active, stalled, events, wait, prioritized, pc = KEYS[2], KEYS[3], KEYS[4], KEYS[6], KEYS[7], KEYS[8]
local delayed, marker, limiter = KEYS[9], KEYS[10], KEYS[11]
local name, own_max, own_duration = ARGV[4], ARGV[5], ARGV[6]
local meta = call('HMGET', KEYS[1], 'opts.maxLenEvents', 'paused', 'concurrency', 'max', 'duration')
local most = meta[1]
local function complete(id, token, text, made)
  local job = prefix .. id
  local lock, pending = job .. ':lock', job .. ':dependencies'
  local there = call('EXISTS', job, pending, job .. ':unsuccessful')
  if there == 0 then return -1 end
  if there > 1 then return call('EXISTS', pending) == 1 and -4 or -9 end
  -- include release
  if not most then
    most = 10000
    call('HSET', KEYS[1], 'opts.maxLenEvents', most)
  end
  call('ZADD', KEYS[5], time, id)
  call('HSET', job, 'returnvalue', text, 'finishedOn', time, 'atm', made)
  call('XADD', events, 'MAXLEN', '~', most, '*', 'event', 'completed', 'jobId', id, 'returnvalue', text, 'prev', 'active')
  return 0
end
local codes, tokens, token, is_over = {}, {}, '', false
for at = 7, #ARGV, 5 do
  local code = complete(ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3])
  codes[#codes + 1] = code
  is_over = is_over or code == 0
  if code == 0 and ARGV[at + 4] ~= '' then tokens[#tokens + 1] = ARGV[at + 4] end
end
local wanted, answer = #tokens, {0, 0}
if wanted > 0 then
  -- include take
  answer = taken
  is_over = not taken[3] and taken[2] == 0 and is_open
end
if is_over and call('EXISTS', wait, active, prioritized) == 0 then call('XADD', events, '*', 'event', 'drained') end
answer[#answer + 1] = table.concat(codes, ' ')
return answer
