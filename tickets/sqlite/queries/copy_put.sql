insert into copies (one, store, accounts_at) values (1, ?1, ?2)
on conflict (one) do update set store = excluded.store, accounts_at = excluded.accounts_at;
