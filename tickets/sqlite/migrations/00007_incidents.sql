-- +goose Up
create table incidents (
    id         text primary key,
    state      text not null,
    created_at integer not null,
    document   text not null check (json_valid(document))
) strict, without rowid;

create table incident_sounds (
    incident   text not null references incidents (id),
    language   text not null,
    wav        blob not null,
    primary key (incident, language)
) strict;

alter table tickets add column incident text not null default '';
alter table tickets add column incident_news integer not null default 0;
create index tickets_open on tickets (account, priority, received_at) where account <> '' and status <> 'resolved';
create index tickets_incident on tickets (incident, number) where incident <> '';
create index tickets_severe on tickets (received_at) where priority <= 2;

-- +goose Down
drop index tickets_severe;
drop index tickets_incident;
drop index tickets_open;
alter table tickets drop column incident_news;
alter table tickets drop column incident;
drop table incident_sounds;
drop table incidents;
