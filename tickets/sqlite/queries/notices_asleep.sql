select id, kind, due_at
from notices
where cancelled_at is null and done_at is null and dead_at is null and due_at <= ?1 and (working_until is null or working_until <= ?1)
    and id not in (
        select args ->> '$.id' from river_job
        where kind = 'notice' and state in ('available', 'scheduled', 'retryable') and scheduled_at <= datetime('now', 'subsec', '+30 seconds')
    )
order by due_at
limit ?2;
