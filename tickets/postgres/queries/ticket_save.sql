update tickets set
    priority = $2, status = $3, due_at = $4, acknowledged_at = $5, acknowledged_by = $6, recording = $7,
    starts_at = $8, owner = $9, accepted_at = $10, changed_at = $11, resolved_at = $12, incident = $13, incident_news = $14
where number = $1;
