select id, kind, due_at
from notices n
where cancelled_at is null and done_at is null and dead_at is null and due_at <= $1 and (working_until is null or working_until <= $1)
    and not exists (
        select from river_job j
        where j.args @> jsonb_build_object('id', n.id) and j.kind = 'notice'
            and j.state in ('available', 'scheduled', 'retryable') and j.scheduled_at <= now() + interval '30 seconds'
    )
order by due_at
limit $2;
