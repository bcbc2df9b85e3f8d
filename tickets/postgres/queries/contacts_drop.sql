delete from contacts where account = $1;
