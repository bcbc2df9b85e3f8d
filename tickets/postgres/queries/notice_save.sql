update notices set
    kind = $2, reason = $3, recipient = $4, created_at = $5, due_at = $6, cancelled_at = $7, done_at = $8, dead_at = $9, working_until = $10,
    attempts = $11, failure = $12, detail = $13
where id = $1;
