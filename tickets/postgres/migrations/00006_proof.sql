-- Events are chained by hash, and personal texts stand beside them. Events from before have no head until the program has
-- given them one, which it does with this migration.

-- +goose Up
alter table events add column digests jsonb not null default '{}';
alter table events add column head bytea not null default '';
alter table events add column kept_at timestamptz not null default 'epoch';
create index events_kept on events (kept_at);
create index events_unsealed on events (ticket) where head = '';

create table personal (
    ticket     text not null,
    seq        integer not null,
    name       text not null,
    salt       text not null,
    text       text not null,
    primary key (ticket, seq, name),
    foreign key (ticket, seq) references events (ticket, seq)
);

create table head_lists (
    day        text collate "C" primary key,
    list       bytea not null
);

drop trigger events_stay on events;
create trigger events_stay before update on events for each row when (old.head <> '') execute function events_stay();
create trigger events_last before delete on events for each row execute function events_stay();

-- +goose Down
drop trigger events_last on events;
drop trigger events_stay on events;
create trigger events_stay before update or delete on events for each row execute function events_stay();
drop table head_lists;
drop table personal;
drop index events_unsealed;
drop index events_kept;
alter table events drop column kept_at;
alter table events drop column head;
alter table events drop column digests;
