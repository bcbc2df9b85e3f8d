select distinct on (ticket) ticket, seq, head
from events
where kept_at >= $1 and kept_at < $2 and ticket > $3
order by ticket, seq desc
limit $4;
