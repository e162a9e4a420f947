-- With BENCH_TOKENS, a file of a token a line, requests are those users' in turn; else all are alike.
local file = os.getenv("BENCH_TOKENS")
if file then
  local requests, at = {}, 0
  function init(args)
    for token in io.lines(file) do
      wrk.headers["Authorization"] = "Bearer " .. token
      requests[#requests + 1] = wrk.format()
    end
  end
  function request()
    at = at % #requests + 1
    return requests[at]
  end
end

-- For wrk: one line at the end. Nothing is called for each reply, which would cost the generator more than a reply costs
-- a fast server; that each is what it should be is held by its size, and by the origin's own count (side_by_side.py).
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"seconds":%f,"bytes":%d,"errors":%d,"p50":%f,"p99":%f,"p999":%f}\n',
    summary.requests, summary.duration / 1e6, summary.bytes,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1e6, latency:percentile(99) / 1e6, latency:percentile(99.9) / 1e6))
end
