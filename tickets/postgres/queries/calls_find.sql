select
    id, call_key, sip_call_id, trunk, caller, called, disposition, reason, status, ticket, account, language, keys, codec,
    sent, received, lost, jitter_ns, started_at, answered_at, ended_at,
    encryption, io, ptime_ns, reordered, gaps, remote_lost, remote_jitter_ns, round_trip_ns, mos, one_way,
    node, rule, source, transport, dialled, ended_by, end_reason, attestation, attestation_reason, original_called, direction
from calls
where call_key collate "C" >= $1 and call_key collate "C" < $2 or sip_call_id = $3 or ticket = $3
order by started_at desc, id
limit $4;
