update attempts set result = ?2 where id = ?1;
