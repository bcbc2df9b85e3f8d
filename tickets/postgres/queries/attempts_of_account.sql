-- Wrong attempts in the window ($2) that ends with the last of them, and those under way: pending since $3.
with wrong as (
    select at from attempts
    where account = $1 and account <> '' and result in ('pending', 'wrong') and (result = 'wrong' or at <= $3)
), last as (
    select max(at) as at from wrong
)
select
    (select count(*) from wrong, last where wrong.at > last.at - $2::interval),
    (select count(*) from attempts where account = $1 and account <> '' and result in ('pending', 'wrong') and result = 'pending' and at > $3),
    (select at from last);
