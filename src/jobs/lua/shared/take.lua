-- Takes up to `wanted` jobs, one by one: for one, that is the least.
-- Wants: call, prefix, now (and as text: time), the names of the keys, `meta` (most events, paused, concurrency, max,
-- duration), and of the worker: token, lock_ms, name, own_max, own_duration ('' or nil where it has none).
-- Sets `taken`: {ms until the rate limit allows more or 0, ms since 1970 when the next delayed job is due or 0,
-- {field, value, …, id} for each job as it was before}, and `is_open`: neither paused, nor full, nor limited.
-- include admit
while is_open and #taken < wanted + 2 do
  local id = call('RPOPLPUSH', wait, active)
  if not id then
    id = call('ZPOPMIN', prioritized)[1]
    if not id then
      call('DEL', pc)
      break
    end
    call('LPUSH', active, id)
  end
  -- include start
end
-- include taken
