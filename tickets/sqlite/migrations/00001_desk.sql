-- Times are microseconds since 1970 in UTC; null means not yet.

-- +goose Up
create table accounts (
    id         text primary key,
    name       text not null,
    plan       text not null,
    pin_hash   text not null,
    language   text not null
) strict;

create table contacts (
    account    text not null references accounts (id) on delete cascade,
    position   integer not null,
    name       text not null,
    phone      text not null,
    email      text not null,
    primary key (account, position)
) strict, without rowid;

create index contacts_phone on contacts (phone) where phone <> '';

create table attempts (
    id         text primary key,
    at         integer not null,
    account    text not null,
    caller     text not null,
    trunk      text not null,
    result     text not null check (result in ('pending', 'good', 'wrong', 'locked'))
) strict, without rowid;

create index attempts_account on attempts (account, at) where result in ('pending', 'wrong');
create index attempts_caller on attempts (caller, at) where result in ('pending', 'wrong');
create index attempts_trunk on attempts (trunk, at) where result in ('pending', 'wrong');
create index attempts_at on attempts (at);

create table desk (
    one        integer primary key check (one = 1),
    store      text not null,
    next       integer not null
) strict;

insert into desk (one, store, next) values (1, lower(hex(randomblob(16))), 0);

create table leases (
    first      integer primary key,
    count      integer not null,
    node       text not null,
    at         integer not null
) strict;

create table tickets (
    number            text primary key,
    call_key          text not null unique,
    join_key          text not null,
    account           text not null,
    plan              text not null,
    contact           text not null,
    email             text not null,
    caller            text not null,
    callback          text not null,
    callback_verified integer not null,
    priority          integer not null check (priority between 1 and 4),
    kind              text not null,
    status            text not null,
    channel           text not null,
    called            text not null,
    trunk             text not null,
    language          text not null,
    received_at       integer not null,
    due_at            integer not null,
    acknowledged_at   integer,
    acknowledged_by   text not null default '',
    verified          integer not null,
    recording         text not null,
    goodbye_at        integer
) strict, without rowid;

create index tickets_urgency on tickets (priority, due_at, number);
create index tickets_account on tickets (account, priority, due_at, number) where account <> '';
create index tickets_join on tickets (join_key, received_at) where join_key <> '' and goodbye_at is null;

create table ticket_calls (
    call_key   text primary key,
    ticket     text not null references tickets (number)
) strict, without rowid;

create table events (
    ticket     text not null references tickets (number),
    seq        integer not null,
    at         integer not null,
    who        text not null,
    what       text not null,
    detail     text not null check (json_valid(detail)),
    primary key (ticket, seq)
) strict, without rowid;

create table notices (
    id           text primary key,
    kind         text not null,
    reason       text not null,
    ticket       text references tickets (number),
    account      text not null,
    recipient    text not null,
    language     text not null,
    call_key     text not null,
    created_at   integer not null,
    due_at       integer not null,
    cancelled_at integer
) strict, without rowid;

create index notices_ticket on notices (ticket, due_at);
create index notices_due on notices (due_at, id);

create table calls (
    id          text primary key,
    call_key    text not null,
    sip_call_id text not null,
    trunk       text not null,
    caller      text not null,
    called      text not null,
    disposition text not null,
    reason      text not null,
    status      integer not null,
    ticket      text not null,
    account     text not null,
    language    text not null,
    keys        text not null,
    codec       text not null,
    sent        integer not null,
    received    integer not null,
    lost        integer not null,
    jitter_ns   integer not null,
    started_at  integer not null,
    answered_at integer,
    ended_at    integer
) strict, without rowid;

create index calls_started on calls (started_at);
create index calls_key on calls (call_key);

-- +goose StatementBegin
create trigger events_stay before update on events begin
    select raise(abort, 'events are only ever added');
end;
-- +goose StatementEnd

-- +goose StatementBegin
create trigger events_last before delete on events begin
    select raise(abort, 'events are only ever added');
end;
-- +goose StatementEnd

-- +goose Down
drop table calls;
drop table notices;
drop table events;
drop table ticket_calls;
drop table tickets;
drop table leases;
drop table desk;
drop table attempts;
drop table contacts;
drop table accounts;
