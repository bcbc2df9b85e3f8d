-- What became of an attempt is known at most once.
insert into attempts (id, at, account, caller, trunk, result)
values ($1, $2, $3, $4, $5, $6)
on conflict (id) do update set result = excluded.result where attempts.result = 'pending';
