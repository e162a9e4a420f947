-- How many of the `wanted` jobs may start now; see take.lua.
local blocked = meta[2] or (meta[3] and call('LLEN', active) >= tonumber(meta[3]))
-- include promote_due
local taken = {0, 0}
local max = tonumber(meta[4] or own_max)
local is_open = not blocked
if is_open and max then
  local started = tonumber(call('GET', limiter) or 0)
  if started >= max then
    local left = call('PTTL', limiter)
    if left > 0 then
      taken[1] = left
      is_open = false
    else
      call('DEL', limiter)
      started = 0
    end
  end
  wanted = math.min(wanted, max - started)
end
if is_open and meta[3] then wanted = math.min(wanted, meta[3] - call('LLEN', active)) end
