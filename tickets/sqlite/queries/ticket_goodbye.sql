update tickets set goodbye_at = ?2
where number = (select ticket from ticket_calls where call_key = ?1) and goodbye_at is null;
