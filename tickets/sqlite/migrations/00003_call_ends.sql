-- +goose Up
alter table calls add column node text not null default '';
alter table calls add column rule text not null default '';
alter table calls add column source text not null default '';
alter table calls add column transport text not null default '';
alter table calls add column dialled text not null default '';
alter table calls add column ended_by text not null default '';
alter table calls add column end_reason text not null default '';
alter table calls add column attestation text not null default '';
alter table calls add column attestation_reason text not null default '';
alter table calls add column original_called text not null default '';
alter table tickets add column attestation text not null default '';
create index calls_sip_call_id on calls (sip_call_id);
create index calls_ticket on calls (ticket) where ticket <> '';

-- +goose Down
drop index calls_ticket;
drop index calls_sip_call_id;
alter table tickets drop column attestation;
alter table calls drop column original_called;
alter table calls drop column attestation_reason;
alter table calls drop column attestation;
alter table calls drop column end_reason;
alter table calls drop column ended_by;
alter table calls drop column dialled;
alter table calls drop column transport;
alter table calls drop column source;
alter table calls drop column rule;
alter table calls drop column node;
