-- Held until the transaction ends, so that versions are committed in their order.
insert into account_changes (one, version) values (1, 1)
on conflict (one) do update set version = account_changes.version + 1;
