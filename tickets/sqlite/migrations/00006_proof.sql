-- Events are chained by hash, and personal texts stand beside them. Events from before have no head until the program has
-- given them one, which it does with this migration.

-- +goose Up
alter table events add column digests text not null default '{}';
alter table events add column head blob not null default x'';
alter table events add column kept_at integer not null default 0;
create index events_kept on events (kept_at);
create index events_unsealed on events (ticket) where head = x'';

create table personal (
    ticket     text not null,
    seq        integer not null,
    name       text not null,
    salt       text not null,
    text       text not null,
    primary key (ticket, seq, name),
    foreign key (ticket, seq) references events (ticket, seq)
) strict, without rowid;

create table head_lists (
    day        text primary key,
    list       blob not null
) strict, without rowid;

drop trigger events_stay;

-- +goose StatementBegin
create trigger events_stay before update on events when old.head <> x'' begin
    select raise(abort, 'events are only ever added');
end;
-- +goose StatementEnd

-- +goose Down
drop trigger events_stay;

-- +goose StatementBegin
create trigger events_stay before update on events begin
    select raise(abort, 'events are only ever added');
end;
-- +goose StatementEnd

drop table head_lists;
drop table personal;
drop index events_unsealed;
drop index events_kept;
alter table events drop column kept_at;
alter table events drop column head;
alter table events drop column digests;
