delete from personal where ticket in (select number from tickets where account = $1);
