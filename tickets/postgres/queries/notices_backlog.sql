select count(*), min(due_at)
from notices
where cancelled_at is null and done_at is null and dead_at is null and due_at <= $1;
