-- Held until the transaction ends. The first number is what kind of key it is.
select pg_advisory_xact_lock($1, hashtext($2)) where $2 <> '';
