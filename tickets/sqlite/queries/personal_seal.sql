insert into personal (ticket, seq, name, salt, text)
select ?1, ?2, value ->> 'name', value ->> 'salt', value ->> 'text'
from json_each(?3);
