select
    id, call_key, sip_call_id, trunk, caller, called, disposition, reason, status, ticket, account, language, keys, codec,
    sent, received, lost, jitter_ns, started_at, answered_at, ended_at,
    encryption, io, ptime_ns, reordered, gaps, remote_lost, remote_jitter_ns, round_trip_ns, mos, one_way,
    node, rule, source, transport, dialled, ended_by, end_reason, attestation, attestation_reason, original_called, direction
from calls
where call_key = ?1 and started_at < ?2 and (?3 = '' or disposition = ?3) and (?4 = '' or trunk = ?4)
order by started_at desc, id
limit ?5;
