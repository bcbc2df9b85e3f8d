insert into contacts (account, position, name, phone, email)
values (?1, ?2, ?3, ?4, ?5);
