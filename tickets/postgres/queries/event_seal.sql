with sealed as (
    update events set detail = $3, digests = $4, head = $5, kept_at = $6 where ticket = $1 and seq = $2
    returning ticket, seq
)
insert into personal (ticket, seq, name, salt, text)
select sealed.ticket, sealed.seq, p.name, p.salt, p.text
from sealed, jsonb_to_recordset($7) as p (name text, salt text, text text);
