insert into ticket_calls (call_key, ticket) values ($1, $2);
