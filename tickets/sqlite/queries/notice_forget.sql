delete from notices where id = ?1 and ticket is null;
