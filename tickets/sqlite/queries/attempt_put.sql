insert into attempts (id, at, account, caller, trunk, result)
values (?1, ?2, ?3, ?4, ?5, ?6);
