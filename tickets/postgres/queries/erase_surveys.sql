update surveys set comment = '' where ticket in (select number from tickets where account = $1);
