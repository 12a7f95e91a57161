-- Guests' branches, requests that wait for a stream to end, and runs of summaries.

-- Which messages guests wrote, and by which share. When a share is revoked or forgotten its rows go with it: what was
-- written is then the owner's alone.
CREATE TABLE guest_messages (
    -- The owner of the session.
    client_id text COLLATE "C" NOT NULL,
    session_id uuid NOT NULL,
    -- No foreign key: a message is deleted only with its session, and so is the share.
    message_id uuid NOT NULL,
    -- Who wrote it.
    guest_id text COLLATE "C" NOT NULL,
    share_id uuid NOT NULL,
    CONSTRAINT guest_messages_share_fkey
        FOREIGN KEY (client_id, session_id, share_id) REFERENCES shares ON DELETE CASCADE
);

CREATE INDEX guest_messages_by_share ON guest_messages (client_id, session_id, share_id);

-- A guest names a message, and whose session it is in is to be found.
CREATE INDEX guest_messages_by_guest ON guest_messages (guest_id, message_id);

ALTER TABLE guest_messages ADD CONSTRAINT guest_messages_pkey PRIMARY KEY (client_id, message_id);

-- Places of requests that wait, in the order of their tickets. A place counts until it expires.
CREATE TABLE waiting_requests (
    client_id text COLLATE "C" NOT NULL,
    session_id uuid NOT NULL,
    -- What is waited for: a message, or the leaf of the active path, for which the id of the session stands.
    line_id uuid NOT NULL,
    ticket bigint GENERATED ALWAYS AS IDENTITY,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (client_id, session_id, line_id, ticket),
    CONSTRAINT waiting_requests_session_fkey
        FOREIGN KEY (client_id, session_id) REFERENCES sessions ON DELETE CASCADE
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 1000);

-- Runs of session.summarize. While a run is streaming it belongs to its node, as a row of `streams` does; whoever ends it
-- takes it out of that state, and of two who try one finds nothing. It stays for a day, for those who ask how it ended.
CREATE TABLE summaries (
    client_id text COLLATE "C" NOT NULL,
    session_id uuid NOT NULL,
    summary_id uuid NOT NULL,
    node_id uuid NOT NULL,
    state text NOT NULL CHECK (
        state IN ('streaming', 'complete', 'stopped', 'failed', 'timed_out', 'abandoned', 'interrupted')
    ),
    -- While it is streaming, the last checkpoint.
    content jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(content) = 'array'),
    chunk_count integer NOT NULL DEFAULT 0 CHECK (chunk_count >= 0),
    metadata jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
    stop_requested_at timestamptz,
    started_at timestamptz NOT NULL,
    CONSTRAINT summaries_session_fkey
        FOREIGN KEY (client_id, session_id) REFERENCES sessions ON DELETE CASCADE
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 1000);

CREATE INDEX summaries_by_session ON summaries (client_id, session_id);

-- Rows come in the order of time, so a block range index finds the old ones at next to no cost.
CREATE INDEX summaries_by_start ON summaries USING brin (started_at);

ALTER TABLE summaries ADD CONSTRAINT summaries_pkey PRIMARY KEY (client_id, summary_id);

CREATE INDEX summaries_running ON summaries (node_id) WHERE state = 'streaming';

-- What clients are told of a message in its final form.
CREATE FUNCTION message_created_payload(message messages, total_variants integer) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT json_build_object('session_id', message.session_id, 'message', message_json(message, total_variants))
$$;

-- As before, and of running summaries, too.
CREATE OR REPLACE FUNCTION delete_session(of_client_id text, old_session_id uuid, even_while_streaming boolean)
RETURNS uuid[]
LANGUAGE plpgsql AS $$
DECLARE
    streaming uuid[];
BEGIN
    PERFORM FROM sessions WHERE client_id = of_client_id AND session_id = old_session_id FOR UPDATE;
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
    PERFORM append_session_updated(of_client_id, old_session_id, '{"deleted": true}');
    RETURN '{}';
END
$$;
