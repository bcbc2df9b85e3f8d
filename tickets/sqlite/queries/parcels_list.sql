-- Tickets after one, but for those with a notice that somebody works on now (?2).
select t.number from tickets t
where t.number > ?1
    and not exists (select 1 from notices n where n.ticket = t.number and n.working_until > ?2)
order by t.number
limit ?3;
