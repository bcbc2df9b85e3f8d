-- What customers said of how tickets were handled: one vote a ticket.

-- +goose Up
create table surveys (
    ticket     text primary key references tickets (number),
    score      integer not null check (score between 1 and 5),
    comment    text not null,
    given_at   timestamptz not null,
    changed_at timestamptz not null
);

-- +goose Down
drop table surveys;
