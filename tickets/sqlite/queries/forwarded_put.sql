insert into forwarded (ticket) values (?1) on conflict (ticket) do nothing;
