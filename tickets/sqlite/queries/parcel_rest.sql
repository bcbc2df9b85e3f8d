select join_key, goodbye_at from tickets where number = ?1;
