insert into personal (ticket, seq, name, salt, text)
select ?1, (select max(seq) from events where ticket = ?1), value ->> 'name', value ->> 'salt', value ->> 'text'
from json_each(?2);
