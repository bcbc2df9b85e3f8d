select
    t.number, t.call_key, t.account, t.plan, t.contact, t.email, t.caller, t.callback, t.callback_verified, t.priority, t.kind,
    t.status, t.channel, t.called, t.trunk, t.language, t.received_at, t.due_at, t.acknowledged_at, t.acknowledged_by, t.verified, t.recording, t.attestation,
    t.starts_at, t.owner, t.accepted_at, t.changed_at, t.resolved_at, t.incident, t.incident_news
from tickets t
where (t.priority, t.due_at, t.number) > (?1, ?2, ?3)
order by t.priority, t.due_at, t.number
limit ?4;
