select distinct ticket from events where head = x'' order by ticket limit 1000;
