insert into events (ticket, seq, at, who, what, detail, digests, head, kept_at)
values (?1, (select coalesce(max(seq), 0) + 1 from events where ticket = ?1), ?2, ?3, ?4, ?5, ?6, ?7, ?8);
