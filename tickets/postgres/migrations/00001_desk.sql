-- +goose Up
create table accounts (
    id         text collate "C" primary key,
    name       text not null,
    plan       text not null,
    pin_hash   text not null,
    language   text not null
);

create table contacts (
    account    text not null references accounts (id) on delete cascade,
    position   integer not null,
    name       text not null,
    phone      text not null,
    email      text not null,
    primary key (account, position)
);

create index contacts_phone on contacts (phone) where phone <> '';

create table attempts (
    id         text primary key,
    at         timestamptz not null,
    account    text not null,
    caller     text not null,
    trunk      text not null,
    result     text not null check (result in ('pending', 'good', 'wrong', 'locked'))
);

create index attempts_account on attempts (account, at) where result in ('pending', 'wrong');
create index attempts_caller on attempts (caller, at) where result in ('pending', 'wrong');
create index attempts_trunk on attempts (trunk, at) where result in ('pending', 'wrong');
create index attempts_at on attempts (at);

create table desk (
    one        integer primary key check (one = 1),
    store      text not null,
    next       bigint not null
);

insert into desk (one, store, next) values (1, replace(gen_random_uuid()::text, '-', ''), 0);

create table leases (
    first      bigint primary key,
    count      bigint not null,
    node       text not null,
    at         timestamptz not null
);

create table tickets (
    number            text collate "C" primary key,
    call_key          text not null unique,
    join_key          text not null,
    account           text not null,
    plan              text not null,
    contact           text not null,
    email             text not null,
    caller            text not null,
    callback          text not null,
    callback_verified boolean not null,
    priority          integer not null check (priority between 1 and 4),
    kind              text not null,
    status            text not null,
    channel           text not null,
    called            text not null,
    trunk             text not null,
    language          text not null,
    received_at       timestamptz not null,
    due_at            timestamptz not null,
    acknowledged_at   timestamptz,
    acknowledged_by   text not null default '',
    verified          boolean not null,
    recording         text not null,
    goodbye_at        timestamptz
);

create index tickets_urgency on tickets (priority, due_at, number);
create index tickets_account on tickets (account, priority, due_at, number) where account <> '';
create index tickets_join on tickets (join_key, received_at) where join_key <> '' and goodbye_at is null;

create table ticket_calls (
    call_key   text primary key,
    ticket     text not null references tickets (number)
);

create table events (
    ticket     text not null references tickets (number),
    seq        integer not null,
    at         timestamptz not null,
    who        text not null,
    what       text not null,
    detail     jsonb not null,
    primary key (ticket, seq)
);

create table notices (
    id           text collate "C" primary key,
    kind         text not null,
    reason       text not null,
    ticket       text references tickets (number),
    account      text not null,
    recipient    text not null,
    language     text not null,
    call_key     text not null,
    created_at   timestamptz not null,
    due_at       timestamptz not null,
    cancelled_at timestamptz
);

create index notices_ticket on notices (ticket, due_at);
create index notices_due on notices (due_at, id);

create table calls (
    id          text collate "C" primary key,
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
    sent        bigint not null,
    received    bigint not null,
    lost        bigint not null,
    jitter_ns   bigint not null,
    started_at  timestamptz not null,
    answered_at timestamptz,
    ended_at    timestamptz
);

create index calls_started on calls (started_at);
create index calls_key on calls (call_key);

-- +goose StatementBegin
create function events_stay() returns trigger language plpgsql as $$
begin
    raise exception 'events are only ever added';
end
$$;
-- +goose StatementEnd

create trigger events_stay before update or delete on events for each row execute function events_stay();

-- +goose Down
drop table calls;
drop table notices;
drop table events;
drop function events_stay;
drop table ticket_calls;
drop table tickets;
drop table leases;
drop table desk;
drop table attempts;
drop table contacts;
drop table accounts;
