select distinct ticket from events where head = '' order by ticket limit 1000;
