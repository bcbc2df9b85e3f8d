select a.id, a.name, a.plan, a.pin_hash, a.language, c.position is not null, coalesce(c.name, ''), coalesce(c.phone, ''), coalesce(c.email, '')
from accounts a
left join contacts c on c.account = a.id
where a.id = ?1
order by c.position;
