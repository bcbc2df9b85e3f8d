insert into head_lists (day, list) values ($1, $2) on conflict (day) do nothing;
