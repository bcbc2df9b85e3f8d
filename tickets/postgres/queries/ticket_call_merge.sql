insert into ticket_calls (call_key, ticket) values ($1, $2)
on conflict (call_key) do nothing;
