-- Reports go through the tickets of some months.

-- +goose Up
create index tickets_received on tickets (received_at, number);

-- +goose Down
drop index tickets_received;
