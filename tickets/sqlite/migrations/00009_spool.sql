-- +goose Up
-- Each change of accounts has a version: a copy elsewhere follows by what is newer than it.
create table account_changes (
    one     integer primary key check (one = 1),
    version integer not null
) strict;

alter table accounts add column version integer not null default 0;
create index accounts_version on accounts (version, id);

-- What this file is a copy of, when it is a spool: accounts of another store, as they were at a time.
create table copies (
    one        integer primary key check (one = 1),
    store      text not null,
    accounts_at integer not null
) strict;

-- The events of a ticket go with it to another store, and only then.
create table forwarded (
    ticket     text primary key
) strict, without rowid;

drop trigger events_last;

-- +goose StatementBegin
create trigger events_last before delete on events when not exists (select 1 from forwarded where ticket = old.ticket) begin
    select raise(abort, 'events are only ever added');
end;
-- +goose StatementEnd

-- +goose Down
drop trigger events_last;

-- +goose StatementBegin
create trigger events_last before delete on events begin
    select raise(abort, 'events are only ever added');
end;
-- +goose StatementEnd

drop table forwarded;
drop table copies;
drop index accounts_version;
alter table accounts drop column version;
drop table account_changes;
