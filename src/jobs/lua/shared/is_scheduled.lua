-- Is it the next run of a job scheduler? Wants: call, prefix.
local function is_scheduled(job_id)
  local scheduler = call('HGET', prefix .. job_id, 'rjk')
  local due = scheduler and call('ZSCORE', prefix .. 'repeat', scheduler)
  return due and job_id == 'repeat:' .. scheduler .. ':' .. due
end
