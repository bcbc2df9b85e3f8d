select
    id, kind, reason, coalesce(ticket, ''), account, recipient, language, call_key, created_at, due_at,
    cancelled_at, done_at, dead_at, working_until, attempts, failure, detail
from notices
where dead_at is not null and cancelled_at is null and done_at is null
order by due_at, id
limit ?1;
