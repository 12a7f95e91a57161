-- Keys of operations that were carried out, written in the operation's own transaction.

CREATE TABLE idempotency_keys (
    -- Whose key it is: the caller, who need not be the owner of what was changed.
    client_id text COLLATE "C" NOT NULL,
    key text NOT NULL,
    -- Stands for what was asked.
    digest text NOT NULL,
    result jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (client_id, key)
);

-- Rows come in the order of time, so a block range index finds the old ones at next to no cost.
CREATE INDEX idempotency_keys_by_creation ON idempotency_keys USING brin (created_at);
