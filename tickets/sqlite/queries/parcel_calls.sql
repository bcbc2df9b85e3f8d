select call_key from ticket_calls where ticket = ?1 order by call_key;
