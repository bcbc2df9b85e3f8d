insert into leases (first, count, node, at) values ($1, $2, $3, $4);
