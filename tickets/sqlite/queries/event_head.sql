select head from events where ticket = ?1 order by seq desc limit 1;
