delete from attempts where id in (select id from attempts where at < ?1 limit 5000);
