-- The tickets of events have the default collation, by which their index goes; the numbers of tickets have another.
select
    t.number, t.plan, t.priority, t.received_at, t.due_at, t.acknowledged_at, t.acknowledged_by,
    case when t.acknowledged_at is null or t.acknowledged_at > t.due_at or t.changed_at is not null then (
        select min(e.at)
        from events e
        where e.ticket = t.number collate "default" and e.what = 'alarmed' and e.detail ->> 'reason' in ('unacknowledged', 'no-way-to-acknowledge')
            and e.seq > coalesce((select max(b.seq) from events b where b.ticket = t.number collate "default" and b.what = 'bounced'), 0)
    ) end,
    coalesce(case when t.acknowledged_at is not null and t.changed_at is not null then (
        select (e.detail ->> 'priority') || ' ' || (e.detail ->> 'due')
        from events e
        where e.ticket = t.number collate "default" and e.what = 'acknowledged'
        order by e.seq desc
        limit 1
    ) end, '')
from tickets t
where (t.received_at, t.number) > ($1, $2) and t.received_at < $3
order by t.received_at, t.number
limit $4;
