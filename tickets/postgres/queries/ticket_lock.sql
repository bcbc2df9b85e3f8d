select number from tickets where number = $1 for update;
