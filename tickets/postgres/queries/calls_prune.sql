delete from calls where id in (select id from calls where started_at < $1 limit 5000);
