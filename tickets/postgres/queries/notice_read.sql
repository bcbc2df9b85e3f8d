select
    id, kind, reason, coalesce(ticket, ''), account, recipient, language, call_key, created_at, due_at,
    cancelled_at, done_at, dead_at, working_until, attempts, failure, detail
from notices
where id = $1;
