select
    id, kind, reason, coalesce(ticket, ''), account, recipient, language, call_key, created_at, due_at,
    cancelled_at, done_at, dead_at, working_until, attempts, failure, detail
from notices
where ticket = $1 and cancelled_at is null and done_at is null and dead_at is null and kind not in ('publish', 'hook')
order by due_at, id
limit 1000
for update;
