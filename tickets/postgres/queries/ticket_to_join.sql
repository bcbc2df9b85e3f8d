-- Neither span nor order fit an index on receipt: by that, all recent tickets would be gone through, for want of statistics.
select
    t.number, t.call_key, t.account, t.plan, t.contact, t.email, t.caller, t.callback, t.callback_verified, t.priority, t.kind,
    t.status, t.channel, t.called, t.trunk, t.language, t.received_at, t.due_at, t.acknowledged_at, t.acknowledged_by, t.verified, t.recording, t.attestation,
    t.starts_at, t.owner, t.accepted_at, t.changed_at, t.resolved_at, t.incident, t.incident_news
from tickets t
where t.join_key = $1 and t.join_key <> '' and t.priority = $2 and t.kind = $3
    and t.received_at + interval '0' between $4 and $5 and t.goodbye_at is null
order by t.received_at + interval '0', t.number
limit 1
for update of t;
