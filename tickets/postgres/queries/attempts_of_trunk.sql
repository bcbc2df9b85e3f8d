select count(*) from attempts
where trunk = $1 and result in ('pending', 'wrong') and at > $2;
