delete from forwarded where ticket = ?1;
