-- Who is alive, and which node runs which stream.

CREATE TABLE nodes (
    -- One run of a process.
    node_id uuid PRIMARY KEY,
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('api', 'gateway', 'bus')),
    lease_expires_at timestamptz NOT NULL
);

-- One row a running stream. Whoever ends a stream deletes its row first: of two who try, one finds nothing.
CREATE TABLE streams (
    client_id text COLLATE "C" NOT NULL,
    session_id uuid NOT NULL,
    message_id uuid NOT NULL,
    -- No foreign key: a node without a row counts as dead.
    node_id uuid NOT NULL,
    started_at timestamptz NOT NULL,
    checkpoint_content jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(checkpoint_content) = 'array'),
    checkpoint_chunks integer NOT NULL DEFAULT 0 CHECK (checkpoint_chunks >= 0),
    stop_requested_at timestamptz,
    PRIMARY KEY (client_id, message_id),
    CONSTRAINT streams_message_fkey
        FOREIGN KEY (client_id, session_id, message_id)
        REFERENCES messages (client_id, session_id, message_id) ON DELETE CASCADE
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 1000);

CREATE INDEX streams_by_node ON streams (node_id);
