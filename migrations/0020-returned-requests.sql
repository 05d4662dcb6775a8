-- How often a request has ended an agent before it was returned and inserted again: NATS counts from one with each message.
alter table outbox add column crashes integer not null default 0;
