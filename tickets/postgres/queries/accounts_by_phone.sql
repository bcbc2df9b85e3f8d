select a.id, a.name, a.plan, a.pin_hash, a.language, c.position is not null, coalesce(c.name, ''), coalesce(c.phone, ''), coalesce(c.email, '')
from accounts a
left join contacts c on c.account = a.id
where a.id in (select distinct account from contacts where phone = $1 and phone <> '' order by account limit 2)
order by a.id, c.position;
