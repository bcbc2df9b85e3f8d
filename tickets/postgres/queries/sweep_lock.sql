-- Held until the transaction ends: one gateway sweeps at a time.
select pg_try_advisory_xact_lock($1, 0);
