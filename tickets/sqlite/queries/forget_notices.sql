delete from notices where ticket = ?1;
