update notices
set recipient = '', detail = '{}', cancelled_at = case when done_at is null and dead_at is null then coalesce(cancelled_at, ?2) else cancelled_at end
where recipient <> '' and (account = ?1 or ticket in (select number from tickets where account = ?1))
    and (kind like '%-by-email' or kind in ('acknowledge-by-callback', 'transcribe'));
