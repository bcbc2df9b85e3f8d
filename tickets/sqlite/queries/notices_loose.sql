select
    id, kind, reason, coalesce(ticket, ''), account, recipient, language, call_key, created_at, due_at,
    cancelled_at, done_at, dead_at, working_until, attempts, failure, detail
from notices
where ticket is null
order by created_at, id
limit ?1;
