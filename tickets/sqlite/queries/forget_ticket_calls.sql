delete from ticket_calls where ticket = ?1;
