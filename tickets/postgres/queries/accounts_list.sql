select a.id, a.name, a.plan, a.pin_hash, a.language, c.position is not null, coalesce(c.name, ''), coalesce(c.phone, ''), coalesce(c.email, '')
from (select * from accounts where id > $1 order by id limit $2) a
left join contacts c on c.account = a.id
order by a.id, c.position;
