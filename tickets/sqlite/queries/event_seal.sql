update events set detail = ?3, digests = ?4, head = ?5, kept_at = ?6 where ticket = ?1 and seq = ?2;
