-- How long the payload of each event is, so that a page of the log can be bounded by what it would hold in memory without
-- reading it. Events from before are taken for long ones; they are gone within two days, and not rewriting them leaves the
-- log open to everybody.
ALTER TABLE events ADD COLUMN payload_bytes integer NOT NULL DEFAULT 65536;
ALTER TABLE events ALTER COLUMN payload_bytes DROP DEFAULT;

CREATE OR REPLACE FUNCTION append_event(recipient_id text, event_kind text, event_payload json) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    event_seq bigint;
BEGIN
    INSERT INTO event_counters AS counter (client_id, last_seq) VALUES (recipient_id, 1)
    ON CONFLICT (client_id) DO UPDATE SET last_seq = counter.last_seq + 1
    RETURNING last_seq INTO event_seq;
    INSERT INTO events (client_id, seq, kind, payload, payload_bytes, created_at)
    VALUES (recipient_id, event_seq, event_kind, event_payload, octet_length(event_payload::text), now());
    INSERT INTO event_outbox (shard, client_id, seq, event_created_at)
    VALUES (event_shard(recipient_id), recipient_id, event_seq, now());
    RETURN event_seq;
END
$$;
