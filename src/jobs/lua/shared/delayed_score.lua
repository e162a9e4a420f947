-- Where a job that is due at `due` ms stands in `delayed`: behind those of the same millisecond, of which 4096 have a place.
local function delayed_score(due)
  local low = due * 4096
  local last = call('ZREVRANGEBYSCORE', delayed, low + 4095, low, 'WITHSCORES', 'LIMIT', 0, 1)[2]
  if not last then return low end
  return math.min(last + 1, low + 4095)
end
