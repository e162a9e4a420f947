-- For wrk: counts what was not a hit.
local threads = {}
function setup(thread) thread:set("wrong", 0) table.insert(threads, thread) end
function response(status, headers) if status ~= 200 or headers["X-Cache"] ~= "HIT" then wrong = wrong + 1 end end
function done(summary)
  local wrong = 0
  for _, thread in ipairs(threads) do wrong = wrong + thread:get("wrong") end
  local errors = summary.errors
  io.write(string.format("RESULT %d %d %d %d\n", summary.requests, summary.duration, wrong,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
