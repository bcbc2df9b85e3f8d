update notices set cancelled_at = $2
where ticket = $1 and cancelled_at is null
    and (kind like 'acknowledge-by-%' or (kind = 'alarm' and reason = 'no-way-to-acknowledge'));
