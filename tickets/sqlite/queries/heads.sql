select ticket, max(seq), head
from events
where kept_at >= ?1 and kept_at < ?2 and ticket > ?3
group by ticket
order by ticket
limit ?4;
