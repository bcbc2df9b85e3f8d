insert into surveys (ticket, score, comment, given_at, changed_at)
values ($1, $2, $3, $4, $5)
on conflict (ticket) do update set score = excluded.score, comment = excluded.comment, changed_at = excluded.changed_at;
