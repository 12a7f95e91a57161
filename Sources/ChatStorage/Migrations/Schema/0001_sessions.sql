-- Session types and sessions.
--
-- client_id leads every primary key, foreign key and look-up of what belongs to a client, so that ownership is part of
-- the query itself and the whole can be distributed by client_id (hash partitions, Citus) without change. session_types
-- and nodes belong to no client: they are small reference tables, the same everywhere.
--
-- Plans must be right in a database that has no statistics yet, where every index that leads with client_id looks equally
-- good and the planner takes the youngest. So keys are made after indexes for sorting, and partial indexes, which only
-- the look-ups they are meant for can use, after the keys.

CREATE TABLE session_types (
    session_type_id uuid PRIMARY KEY,
    name text NOT NULL CHECK (name <> ''),
    description text,
    webhook_url text NOT NULL CHECK (webhook_url ~* '^https?://'),
    webhook_secret text,
    timeout_seconds integer NOT NULL DEFAULT 30 CHECK (timeout_seconds BETWEEN 1 AND 300),
    max_duration_seconds integer NOT NULL DEFAULT 300 CHECK (max_duration_seconds BETWEEN 1 AND 3600),
    max_connections integer NOT NULL DEFAULT 1024 CHECK (max_connections BETWEEN 1 AND 10000),
    history_limit integer CHECK (history_limit > 0),
    circuit_failure_threshold integer NOT NULL DEFAULT 5 CHECK (circuit_failure_threshold > 0),
    circuit_open_seconds integer NOT NULL DEFAULT 30 CHECK (circuit_open_seconds > 0),
    circuit_half_open_max_calls integer NOT NULL DEFAULT 1 CHECK (circuit_half_open_max_calls > 0),
    summarization_enabled boolean,
    summarization_service_url text,
    summarization_settings jsonb CHECK (jsonb_typeof(summarization_settings) = 'object'),
    meta jsonb CHECK (jsonb_typeof(meta) = 'object'),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT session_types_summarization_check CHECK (
        summarization_enabled IS NOT NULL
        OR (summarization_service_url IS NULL AND summarization_settings IS NULL)
    )
);

CREATE TABLE sessions (
    client_id text COLLATE "C" NOT NULL CHECK (octet_length(client_id) BETWEEN 1 AND 256),
    session_id uuid NOT NULL,
    session_type_id uuid NOT NULL,
    available_capabilities jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(available_capabilities) = 'array'),
    metadata jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
    -- Where the active path ends; null in an empty session. It follows from the flags of the messages and is kept by the
    -- transactions that change them, so that nobody has to walk a long path to append to it.
    active_leaf_message_id uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    -- A session type in use cannot be deleted.
    CONSTRAINT sessions_session_type_fkey FOREIGN KEY (session_type_id) REFERENCES session_types
);

-- Sessions are listed newest activity first.
CREATE INDEX sessions_by_activity ON sessions (client_id, updated_at DESC, session_id DESC);

ALTER TABLE sessions ADD CONSTRAINT sessions_pkey PRIMARY KEY (client_id, session_id);
