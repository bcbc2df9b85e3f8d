insert into accounts (id, name, plan, pin_hash, language, version)
values ($1, $2, $3, $4, $5, (select version from account_changes))
on conflict (id) do update
set name = excluded.name, plan = excluded.plan, pin_hash = excluded.pin_hash, language = excluded.language, version = excluded.version;
