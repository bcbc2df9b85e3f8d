delete from events where ticket = ?1;
