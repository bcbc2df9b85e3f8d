update tickets set acknowledged_at = $2, acknowledged_by = $3
where number = $1 and acknowledged_at is null;
