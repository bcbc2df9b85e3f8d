with last as (
    select seq, head from events where ticket = $1 order by seq desc limit 1
), put as (
    insert into events (ticket, seq, at, who, what, detail, digests, head, kept_at)
    values (
        $1, coalesce((select seq from last), 0) + 1, $2, $3, $4, $5, $6,
        sha256(coalesce((select head from last), decode(repeat('00', 32), 'hex')) || $7), $8
    )
    returning ticket, seq
)
insert into personal (ticket, seq, name, salt, text)
select put.ticket, put.seq, p.name, p.salt, p.text
from put, jsonb_to_recordset($9) as p (name text, salt text, text text);
