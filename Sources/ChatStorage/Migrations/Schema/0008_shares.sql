-- Sharing, and the first answers to REST requests that may be sent again.

CREATE TABLE shares (
    client_id text COLLATE "C" NOT NULL,
    session_id uuid NOT NULL,
    share_id uuid NOT NULL,
    -- SHA-256 of the token; the token itself is nowhere.
    token_hash bytea NOT NULL CHECK (octet_length(token_hash) = 32),
    created_at timestamptz NOT NULL,
    -- Null when it never expires.
    expires_at timestamptz,
    PRIMARY KEY (client_id, session_id, share_id),
    CONSTRAINT shares_session_fkey
        FOREIGN KEY (client_id, session_id) REFERENCES sessions ON DELETE CASCADE
);

-- The one look-up that cannot name the owner, whom it is to find. Not unique: 256 random bits are, and a unique index
-- without client_id would keep the table from being distributed.
CREATE INDEX shares_by_token ON shares (token_hash);

CREATE INDEX shares_by_expiry ON shares (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE kept_answers (
    client_id text COLLATE "C" NOT NULL,
    -- Stands for the Idempotency-Key, which opens `answer` and is therefore kept nowhere.
    key_hash bytea NOT NULL CHECK (octet_length(key_hash) = 32),
    -- Stands for method, address and body.
    request_digest bytea NOT NULL CHECK (octet_length(request_digest) = 32),
    -- Who is carrying out the request, and until when that is to be believed; null once there is an answer.
    holder_id uuid,
    lease_expires_at timestamptz,
    -- Sealed: an answer may hold a secret, like the token of a share.
    answer bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (client_id, key_hash),
    CONSTRAINT kept_answers_state_check CHECK (
        (answer IS NULL) = (holder_id IS NOT NULL) AND (answer IS NULL) = (lease_expires_at IS NOT NULL)
    )
);

-- Rows come in the order of time, so a block range index finds the old ones at next to no cost.
CREATE INDEX kept_answers_by_creation ON kept_answers USING brin (created_at);
