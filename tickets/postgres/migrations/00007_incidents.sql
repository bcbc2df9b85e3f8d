-- +goose Up
create index tickets_open on tickets (account, priority, received_at) where account <> '' and status <> 'resolved';

-- +goose Down
drop index tickets_open;
