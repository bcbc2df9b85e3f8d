select a.id, a.name, a.plan, a.pin_hash, a.language, c.position is not null, coalesce(c.name, ''), coalesce(c.phone, ''), coalesce(c.email, ''), a.version
from (select * from accounts where (version, id) > ($1, $2) order by version, id limit $3) a
left join contacts c on c.account = a.id
order by a.version, a.id, c.position;
