-- +goose Up
-- Each change of accounts has a version, in the order of commits: a copy elsewhere follows by what is newer than it.
create table account_changes (
    one     integer primary key check (one = 1),
    version bigint not null
);

alter table accounts add column version bigint not null default 0;
create index accounts_version on accounts (version, id);

-- +goose Down
drop index accounts_version;
alter table accounts drop column version;
drop table account_changes;
