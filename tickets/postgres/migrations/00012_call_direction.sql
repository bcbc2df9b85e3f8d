-- +goose Up
alter table calls add column direction text not null default 'incoming';

-- +goose Down
alter table calls drop column direction;
