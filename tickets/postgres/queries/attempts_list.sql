select id, at, account, caller, trunk, result from attempts
where at >= $1 and (at, id) > ($1, $2)
order by at, id
limit $3;
