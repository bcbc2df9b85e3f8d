insert into tickets (
    number, call_key, join_key, account, plan, contact, email, caller, callback, callback_verified, priority, kind,
    status, channel, called, trunk, language, received_at, due_at, verified, recording, attestation, starts_at, incident
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)
on conflict (number) do nothing;
