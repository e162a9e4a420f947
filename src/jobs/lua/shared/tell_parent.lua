-- A flow's child has finished: its parent stops waiting for it, and for anything once it was the last.
-- include move_parent
local queue, parent, parent_id = more.parentQueue, more.parentKey, more.parentId
local pending, waiting = parent .. ':dependencies', queue .. ':waiting-children'
local on_failure = more.onFailure
if event == 'completed' then
  if call('SREM', pending, job) == 1 then
    call('HSET', parent .. ':processed', job, text)
    if call('EXISTS', pending) == 0 then move_parent(queue, parent, parent_id, waiting) end
  end
elseif on_failure and call('SREM', pending, job) == 1 then
  if on_failure == 'fpof' then
    call('ZADD', parent .. ':unsuccessful', now, job)
    if call('EXISTS', parent) == 1 and not call('ZSCORE', queue .. ':failed', parent_id) then
      -- The next worker that takes the parent fails it with this.
      call('HSET', parent, 'defa', 'child ' .. job .. ' failed')
      if call('ZSCORE', waiting, parent_id) then
        move_parent(queue, parent, parent_id, waiting)
      elseif call('ZSCORE', queue .. ':delayed', parent_id) then
        call('HSET', parent, 'delay', 0)
        move_parent(queue, parent, parent_id, queue .. ':delayed')
      end
    end
  elseif on_failure == 'cpof' then
    call('HSET', parent .. ':failed', job, text)
    move_parent(queue, parent, parent_id, waiting)
  else
    if call('EXISTS', pending) == 0 then move_parent(queue, parent, parent_id, waiting) end
    if on_failure == 'idof' then call('HSET', parent .. ':failed', job, text) end
  end
end
if count == '0' and call('SREM', pending, job) == 1 and call('EXISTS', pending) == 0 then
  move_parent(queue, parent, parent_id, waiting)
end
