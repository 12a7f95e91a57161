-- What backends are told in the background: written by the transactions it tells of, delivered by relays.

-- A UUID of version 7, as the engine makes them.
CREATE FUNCTION make_delivery_id() RETURNS uuid
LANGUAGE sql VOLATILE AS $$
    SELECT encode(
        set_bit(
            set_bit(
                overlay(
                    uuid_send(gen_random_uuid())
                    PLACING substring(int8send(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                    FROM 1 FOR 6
                ),
                52, 1
            ),
            53, 1
        ),
        'hex'
    )::uuid
$$;

CREATE TABLE webhook_deliveries (
    -- The owner of the session.
    client_id text COLLATE "C" NOT NULL,
    -- The same in every attempt.
    delivery_id uuid NOT NULL DEFAULT make_delivery_id(),
    -- No foreign keys: it tells of sessions that are gone, and their type may be gone, too.
    session_type_id uuid NOT NULL,
    session_id uuid NOT NULL,
    event text NOT NULL CHECK (event IN ('message.aborted', 'session.deleted', 'message.reaction')),
    -- The fields of the event beside the session's id; null once it is delivered, as nobody needs them any more.
    details jsonb CHECK (jsonb_typeof(details) = 'object'),
    traceparent text,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'dead')),
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    -- When a relay may take it; while one has it, when the lease of that relay runs out.
    due_at timestamptz NOT NULL DEFAULT now(),
    relay_id uuid,
    -- What was wrong with the last attempt that failed.
    last_error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    CONSTRAINT webhook_deliveries_ended_check CHECK ((state = 'waiting') = (ended_at IS NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 1000);

ALTER TABLE webhook_deliveries ADD CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (client_id, delivery_id);

-- Relays take what is due, each backend's by itself.
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (session_type_id, due_at) WHERE state = 'waiting';

CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (state, ended_at) WHERE ended_at IS NOT NULL;

-- As before, and the backend is told. Nodes of the version before call it without `trace`.
DROP FUNCTION delete_session(text, uuid, boolean);

CREATE FUNCTION delete_session(
    of_client_id text, old_session_id uuid, even_while_streaming boolean, trace text DEFAULT NULL
) RETURNS uuid[]
LANGUAGE plpgsql AS $$
DECLARE
    of_session_type_id uuid;
    streaming uuid[];
BEGIN
    SELECT session_type_id INTO of_session_type_id
    FROM sessions
    WHERE client_id = of_client_id AND session_id = old_session_id
    FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF NOT even_while_streaming THEN
        SELECT array_agg(running.id) INTO streaming
        FROM (
            SELECT message_id FROM streams WHERE client_id = of_client_id AND session_id = old_session_id
            UNION ALL
            SELECT summary_id FROM summaries
            WHERE client_id = of_client_id AND session_id = old_session_id AND state = 'streaming'
        ) AS running (id);
        IF streaming IS NOT NULL THEN
            RETURN streaming;
        END IF;
    END IF;
    -- Before the messages, as whoever ends a stream does.
    DELETE FROM streams WHERE client_id = of_client_id AND session_id = old_session_id;
    DELETE FROM sessions WHERE client_id = of_client_id AND session_id = old_session_id;
    INSERT INTO webhook_deliveries (client_id, session_type_id, session_id, event, details, traceparent)
    VALUES (of_client_id, of_session_type_id, old_session_id, 'session.deleted', '{}', trace);
    PERFORM append_session_updated(of_client_id, old_session_id, '{"deleted": true}');
    RETURN '{}';
END
$$;
