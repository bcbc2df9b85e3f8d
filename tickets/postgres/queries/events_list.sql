select
    e.seq, e.at, e.who, e.what, e.detail, e.digests, e.head, e.kept_at,
    coalesce((
        select jsonb_agg(jsonb_build_object('name', p.name, 'salt', p.salt, 'text', p.text) order by p.name collate "C")
        from personal p
        where p.ticket = e.ticket and p.seq = e.seq
    ), '[]')
from events e
where e.ticket = $1
order by e.seq;
