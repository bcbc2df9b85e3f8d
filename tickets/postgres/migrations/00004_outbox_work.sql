-- +goose Up
alter table notices add column done_at timestamptz;
alter table notices add column dead_at timestamptz;
alter table notices add column working_until timestamptz;
alter table notices add column attempts integer not null default 0;
alter table notices add column failure text not null default '';
alter table notices add column detail jsonb not null default '{}';
create index notices_open on notices (due_at, id) where cancelled_at is null and done_at is null and dead_at is null;
alter table tickets add column starts_at timestamptz;
alter table tickets add column owner text not null default '';
alter table tickets add column accepted_at timestamptz;
alter table tickets add column changed_at timestamptz;
alter table tickets add column resolved_at timestamptz;
update tickets set starts_at = received_at;

-- +goose Down
alter table tickets drop column resolved_at;
alter table tickets drop column changed_at;
alter table tickets drop column accepted_at;
alter table tickets drop column owner;
alter table tickets drop column starts_at;
drop index notices_open;
alter table notices drop column detail;
alter table notices drop column failure;
alter table notices drop column attempts;
alter table notices drop column working_until;
alter table notices drop column dead_at;
alter table notices drop column done_at;
