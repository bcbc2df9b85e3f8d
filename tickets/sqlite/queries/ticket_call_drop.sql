delete from ticket_calls where call_key = ?1;
