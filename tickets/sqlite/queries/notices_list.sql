select id, kind, reason, coalesce(ticket, ''), account, recipient, language, call_key, created_at, due_at, cancelled_at
from notices
order by due_at, id
limit ?1;
