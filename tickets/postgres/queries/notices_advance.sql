update notices set due_at = $2
where ticket = $1 and kind like 'acknowledge-by-%' and cancelled_at is null and due_at > $2;
