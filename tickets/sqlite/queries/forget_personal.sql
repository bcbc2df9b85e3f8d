delete from personal where ticket = ?1;
