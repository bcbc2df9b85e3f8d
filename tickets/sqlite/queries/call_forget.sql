delete from calls where id = ?1;
