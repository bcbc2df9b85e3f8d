select
    e.seq, e.at, e.who, e.what, e.detail, e.digests, e.head, e.kept_at,
    coalesce((
        select json_group_array(json_object('name', p.name, 'salt', p.salt, 'text', p.text) order by p.name)
        from personal p
        where p.ticket = e.ticket and p.seq = e.seq
    ), '[]')
from events e
where e.ticket = ?1
order by e.seq;
