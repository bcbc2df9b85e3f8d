-- +goose Up
alter table calls add column encryption text not null default '';
alter table calls add column io text not null default '';
alter table calls add column ptime_ns bigint not null default 0;
alter table calls add column reordered bigint not null default 0;
alter table calls add column gaps bigint not null default 0;
alter table calls add column remote_lost bigint not null default -1;
alter table calls add column remote_jitter_ns bigint not null default 0;
alter table calls add column round_trip_ns bigint not null default 0;
alter table calls add column mos double precision not null default 0;
alter table calls add column one_way boolean not null default false;

-- +goose Down
alter table calls drop column one_way;
alter table calls drop column mos;
alter table calls drop column round_trip_ns;
alter table calls drop column remote_jitter_ns;
alter table calls drop column remote_lost;
alter table calls drop column gaps;
alter table calls drop column reordered;
alter table calls drop column ptime_ns;
alter table calls drop column io;
alter table calls drop column encryption;
