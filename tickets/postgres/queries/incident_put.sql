insert into incidents (id, state, created_at, document)
values ($1, $2, $3, $4)
on conflict (id) do update set state = excluded.state, document = excluded.document;
