-- The newest version of messages that a gateway reads (schema/message-version.ts). Older gateways do not say it, and read 1.
alter table gateways add messages smallint not null default 1;
