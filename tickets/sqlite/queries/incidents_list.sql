select document from incidents
where ?1 or state <> 'resolved'
order by created_at desc, id
limit ?2;
