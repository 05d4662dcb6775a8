-- A webhook's deliveries that were not delivered, and the deliveries that were sent last.
create index webhook_deliveries_undelivered on webhook_deliveries (webhook_id, id) where state <> 'DELIVERED';
create index webhook_deliveries_activity on webhook_deliveries ((coalesce(last_attempt_at, created_at)), id);
