insert into notices (id, kind, reason, ticket, account, recipient, language, call_key, created_at, due_at, detail)
values (?1, ?2, ?3, nullif(?4, ''), ?5, ?6, ?7, ?8, ?9, ?10, ?11)
on conflict (id) do nothing;
