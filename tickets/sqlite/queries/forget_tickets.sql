delete from tickets where number = ?1;
