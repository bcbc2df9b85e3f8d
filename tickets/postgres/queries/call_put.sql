insert into calls (
    id, call_key, sip_call_id, trunk, caller, called, disposition, reason, status, ticket, account, language, keys, codec,
    sent, received, lost, jitter_ns, started_at, answered_at, ended_at,
    encryption, io, ptime_ns, reordered, gaps, remote_lost, remote_jitter_ns, round_trip_ns, mos, one_way,
    node, rule, source, transport, dialled, ended_by, end_reason, attestation, attestation_reason, original_called, direction
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
    $22, $23, $24, $25, $26, $27, $28, $29, $30, $31,
    $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42)
on conflict (id) do nothing;
