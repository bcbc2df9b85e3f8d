select id, kind, reason, coalesce(ticket, ''), account, recipient, language, call_key, created_at, due_at, cancelled_at
from notices
where ticket = $1
order by due_at, id
limit $2;
