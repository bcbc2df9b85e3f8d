select min(kept_at) from events;
