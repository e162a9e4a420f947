-- Writes that several jobs have completed, and takes as many. The plain ones alone, all kept alike: finish.lua does the rest.
-- KEYS meta, wait, active, prioritized, pc, delayed, marker, events, limiter, stalled, completed
-- ARGV prefix, now, token of the next jobs, ms of the lock, how many are wanted, worker's name, its limit or '', that limit's
--      ms, how many completed ones are kept or '', age in s or '', limit of that or ''; then for each job: id, lock token,
--      returnvalue, attempts made with this one
-- Answers {ms, ms, {a code of finish.lua for each job, or 0}, {field, value, …, id} for each job taken}.
local call, prefix, time = redis.call, ARGV[1], ARGV[2]
local now = tonumber(time)
local wait, active, prioritized, pc, delayed = KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local marker, events, limiter, stalled, completed = KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11]
local wanted, name, own_max, own_duration, count = tonumber(ARGV[5]), ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local first = 12
local jobs, locks, children = {}, {}, {}
for at = first, #ARGV, 4 do
  local job = prefix .. ARGV[at]
  jobs[#jobs + 1] = job
  locks[#locks + 1] = job .. ':lock'
  children[#children + 1] = job .. ':dependencies'
  children[#children + 1] = job .. ':unsuccessful'
end
local holders = call('MGET', unpack(locks))
-- Apart: what one lacks must not make up for what another has too much.
local all_are_plain = call('EXISTS', unpack(jobs)) == #jobs and call('EXISTS', unpack(children)) == 0
local meta = call('HMGET', KEYS[1], 'opts.maxLenEvents', 'paused', 'concurrency', 'max', 'duration')
local most = meta[1] or 10000
local codes, finished, released, scores = {}, {}, {}, {}
for i = 1, #locks do
  local at = first + 4 * (i - 1)
  local id, job = ARGV[at], jobs[i]
  local code = 0
  if not all_are_plain then
    if call('EXISTS', job) == 0 then
      code = -1
    elseif call('EXISTS', children[2 * i - 1]) == 1 then
      code = -4
    elseif call('EXISTS', children[2 * i]) == 1 then
      code = -9
    end
  end
  if code == 0 and holders[i] ~= ARGV[at + 1] then code = holders[i] and -6 or -2 end
  -- As shared/release.lua.
  if code == 0 and call('LREM', active, '-1', id) == 0 then code = -3 end
  codes[i] = code
  if code == 0 then
    finished[#finished + 1] = id
    released[#released + 1] = locks[i]
    if count == '0' then
      call('DEL', job, job .. ':logs', job .. ':processed', job .. ':failed')
    else
      scores[#scores + 1] = time
      scores[#scores + 1] = id
      call('HSET', job, 'returnvalue', ARGV[at + 2], 'finishedOn', time, 'atm', ARGV[at + 3])
    end
    call('XADD', events, 'MAXLEN', '~', most, '*', 'event', 'completed', 'jobId', id, 'returnvalue', ARGV[at + 2], 'prev', 'active')
  end
end
if not finished[1] then return {0, 0, codes} end
call('DEL', unpack(released))
call('SREM', stalled, unpack(finished))
if not meta[1] then call('HSET', KEYS[1], 'opts.maxLenEvents', most) end
if scores[1] then
  call('ZADD', completed, unpack(scores))
  if count ~= '' or ARGV[10] ~= '' then
    local more = {age = ARGV[10] ~= '' and ARGV[10], limit = ARGV[11] ~= '' and ARGV[11]}
    local target = completed
    -- include retain
  end
end
wanted = math.min(wanted, #finished)
local answer, is_open = {0, 0}, true
local has_next = false
if wanted > 0 then
  local token, lock_ms = ARGV[3], ARGV[4]
  -- include take_many
  answer = taken
  has_next = taken[3] or taken[2] > 0 or not is_open
end
if not has_next and call('EXISTS', wait, active, prioritized) == 0 then call('XADD', events, '*', 'event', 'drained') end
table.insert(answer, 3, codes)
return answer
