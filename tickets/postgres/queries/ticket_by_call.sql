select
    t.number, t.call_key, t.account, t.plan, t.contact, t.email, t.caller, t.callback, t.callback_verified, t.priority, t.kind,
    t.status, t.channel, t.called, t.trunk, t.language, t.received_at, t.due_at, t.acknowledged_at, t.acknowledged_by, t.verified, t.recording, t.attestation,
    t.starts_at, t.owner, t.accepted_at, t.changed_at, t.resolved_at, t.incident, t.incident_news
from ticket_calls c
join tickets t on t.number = c.ticket
where c.call_key = $1;
