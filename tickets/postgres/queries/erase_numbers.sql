select number from tickets where account = $1 order by number for update;
