-- The message tree of each session. Its rules are kept here, whoever writes.

CREATE TABLE messages (
    client_id text COLLATE "C" NOT NULL,
    session_id uuid NOT NULL,
    message_id uuid NOT NULL,
    parent_message_id uuid,
    role text NOT NULL CHECK (role IN ('user', 'assistant', 'system')),
    content jsonb NOT NULL CHECK (jsonb_typeof(content) = 'array'),
    file_urls jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(file_urls) = 'array'),
    -- When it is not given, the next one among the siblings.
    variant_index integer NOT NULL CHECK (variant_index >= 0),
    is_active boolean NOT NULL,
    state text NOT NULL CHECK (
        state IN ('streaming', 'complete', 'stopped', 'failed', 'timed_out', 'abandoned', 'interrupted')
    ),
    author_id text COLLATE "C" NOT NULL,
    -- The type that was to answer, for ever. No foreign key: it would lock the one row of a busy session type in every
    -- insert, and a type that only old messages name is not in use.
    session_type_id uuid NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
    -- Chunks of the stream that are contained in the content; 0 for what was not streamed.
    chunk_count integer NOT NULL DEFAULT 0 CHECK (chunk_count >= 0),
    created_at timestamptz NOT NULL,
    -- Where the message stands: the first child goes on with its parent's branch, every other child, and every root,
    -- begins one that bears its id. A path of any length is thereby a few ranges of (branch_id, depth), not a walk.
    branch_id uuid NOT NULL,
    depth integer NOT NULL CHECK (depth >= 0),
    -- Only answers are written in the course of time.
    CONSTRAINT messages_state_of_role_check CHECK (role = 'assistant' OR state = 'complete')
);

CREATE INDEX messages_by_creation ON messages (client_id, session_id, created_at, message_id);

-- What foreign keys refer to: a message and, with it, its session.
ALTER TABLE messages ADD CONSTRAINT messages_session_key UNIQUE (client_id, message_id, session_id);
ALTER TABLE messages ADD CONSTRAINT messages_pkey PRIMARY KEY (client_id, message_id);

-- The condition always holds. It keeps the index from being considered for any look-up but one by branch, as those by
-- parent are considered for no other.
CREATE UNIQUE INDEX messages_branch_key ON messages (client_id, branch_id, depth) WHERE branch_id IS NOT NULL;

-- Variants are numbered without duplicates, under a parent and among the roots of a session.
CREATE UNIQUE INDEX messages_variant_key ON messages (client_id, parent_message_id, variant_index)
    WHERE parent_message_id IS NOT NULL;
CREATE UNIQUE INDEX messages_root_variant_key ON messages (client_id, session_id, variant_index)
    WHERE parent_message_id IS NULL;

-- At most one sibling is active, roots among themselves included.
CREATE UNIQUE INDEX messages_one_active_sibling
    ON messages (client_id, parent_message_id, session_id) NULLS NOT DISTINCT
    WHERE is_active;

-- Siblings are counted by the branches that begin beside the first of them; few messages begin one.
CREATE INDEX messages_branch_heads
    ON messages (client_id, parent_message_id, session_id)
    WHERE branch_id = message_id;

ALTER TABLE messages
    ADD CONSTRAINT messages_session_fkey
    FOREIGN KEY (client_id, session_id) REFERENCES sessions ON DELETE CASCADE;
ALTER TABLE messages
    ADD CONSTRAINT messages_parent_fkey
    FOREIGN KEY (client_id, session_id, parent_message_id) REFERENCES messages (client_id, session_id, message_id);
ALTER TABLE sessions
    ADD CONSTRAINT sessions_active_leaf_fkey
    FOREIGN KEY (client_id, session_id, active_leaf_message_id)
    REFERENCES messages (client_id, session_id, message_id);

-- A session belongs to one client: without this the planner takes every session for a handful of messages.
CREATE STATISTICS messages_of_session (dependencies, ndistinct) ON client_id, session_id FROM messages;

-- Gives a new message its place in the tree. What the statement says of the branch and the depth is not believed.
CREATE FUNCTION messages_place() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    parent_branch_id uuid;
    parent_depth integer;
    parent_state text;
    next_variant integer;
BEGIN
    NEW.branch_id := NEW.message_id;
    IF NEW.parent_message_id IS NULL THEN
        NEW.depth := 0;
        IF NEW.variant_index IS NULL THEN
            SELECT coalesce(max(variant_index) + 1, 0) INTO NEW.variant_index
            FROM messages
            WHERE client_id = NEW.client_id AND parent_message_id IS NULL AND session_id = NEW.session_id;
        END IF;
        RETURN NEW;
    END IF;
    SELECT branch_id, depth, state INTO parent_branch_id, parent_depth, parent_state
    FROM messages
    WHERE client_id = NEW.client_id AND message_id = NEW.parent_message_id AND session_id = NEW.session_id;
    IF NOT FOUND THEN
        RAISE foreign_key_violation USING
            MESSAGE = 'the parent is no message of this session', CONSTRAINT = 'messages_parent_fkey';
    END IF;
    IF parent_state = 'streaming' THEN
        RAISE check_violation USING
            MESSAGE = 'the parent is still being streamed', CONSTRAINT = 'messages_parent_streaming';
    END IF;
    NEW.depth := parent_depth + 1;
    SELECT coalesce(max(variant_index) + 1, 0) INTO next_variant
    FROM messages
    WHERE client_id = NEW.client_id AND parent_message_id = NEW.parent_message_id;
    IF next_variant = 0 THEN
        NEW.branch_id := parent_branch_id;
    END IF;
    NEW.variant_index := coalesce(NEW.variant_index, next_variant);
    RETURN NEW;
END
$$;

CREATE TRIGGER messages_place BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION messages_place();

CREATE FUNCTION messages_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING MESSAGE = TG_ARGV[0], CONSTRAINT = TG_NAME;
END
$$;

CREATE TRIGGER messages_place_never_changes BEFORE UPDATE ON messages FOR EACH ROW
    WHEN (
        (OLD.client_id, OLD.session_id, OLD.message_id, OLD.parent_message_id, OLD.role, OLD.variant_index,
            OLD.author_id, OLD.session_type_id, OLD.created_at, OLD.branch_id, OLD.depth)
        IS DISTINCT FROM
        (NEW.client_id, NEW.session_id, NEW.message_id, NEW.parent_message_id, NEW.role, NEW.variant_index,
            NEW.author_id, NEW.session_type_id, NEW.created_at, NEW.branch_id, NEW.depth)
    )
    EXECUTE FUNCTION messages_refuse('what a message is and where it stands never changes');

CREATE TRIGGER messages_content_never_changes BEFORE UPDATE ON messages FOR EACH ROW
    WHEN (
        OLD.state <> 'streaming'
        AND (OLD.state, OLD.content, OLD.file_urls) IS DISTINCT FROM (NEW.state, NEW.content, NEW.file_urls)
    )
    EXECUTE FUNCTION messages_refuse('a message that has ended never changes');

-- When a session is deleted its row is gone before the deletion cascades to here.
CREATE FUNCTION messages_refuse_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM sessions WHERE client_id = OLD.client_id AND session_id = OLD.session_id) THEN
        RAISE check_violation USING
            MESSAGE = 'a message is deleted only with its session', CONSTRAINT = TG_NAME;
    END IF;
    RETURN OLD;
END
$$;

CREATE TRIGGER messages_deleted_with_session BEFORE DELETE ON messages FOR EACH ROW
    EXECUTE FUNCTION messages_refuse_delete();

-- The path from the root to a message as ranges: on each branch, the depth down to which it is part of the path.
-- No rows when there is no such message.
CREATE FUNCTION message_path(of_client_id text, of_session_id uuid, to_message_id uuid)
RETURNS TABLE (branch_id uuid, last_depth integer)
LANGUAGE plpgsql STABLE ROWS 2 AS $$
BEGIN
    RETURN QUERY
    WITH RECURSIVE path (branch_id, last_depth) AS (
        SELECT m.branch_id, m.depth
        FROM messages AS m
        WHERE m.client_id = of_client_id AND m.message_id = to_message_id AND m.session_id = of_session_id
        UNION ALL
        SELECT parent.branch_id, parent.depth
        FROM path
        JOIN messages AS head
            ON head.client_id = of_client_id AND head.message_id = path.branch_id
        JOIN messages AS parent
            ON parent.client_id = of_client_id AND parent.message_id = head.parent_message_id
    )
    SELECT path.branch_id, path.last_depth FROM path;
END
$$;

-- The leaf that is reached from a message by following active children; the message itself when it has none.
CREATE FUNCTION active_leaf_below(of_client_id text, of_session_id uuid, under_message_id uuid) RETURNS uuid
LANGUAGE plpgsql STABLE AS $$
DECLARE
    leaf_message_id uuid;
BEGIN
    -- On the active path the answer is known already.
    SELECT s.active_leaf_message_id INTO leaf_message_id
    FROM sessions AS s
    CROSS JOIN LATERAL message_path(s.client_id, s.session_id, s.active_leaf_message_id) AS path
    JOIN messages AS m
        ON m.client_id = of_client_id AND m.message_id = under_message_id AND m.session_id = of_session_id
        AND m.branch_id = path.branch_id AND m.depth <= path.last_depth
    WHERE s.client_id = of_client_id AND s.session_id = of_session_id;
    IF FOUND THEN
        RETURN leaf_message_id;
    END IF;
    WITH RECURSIVE below (message_id, depth) AS (
        SELECT m.message_id, m.depth
        FROM messages AS m
        WHERE m.client_id = of_client_id AND m.message_id = under_message_id AND m.session_id = of_session_id
        UNION ALL
        SELECT child.message_id, child.depth
        FROM below
        JOIN messages AS child
            ON child.client_id = of_client_id AND child.parent_message_id = below.message_id AND child.is_active
    )
    SELECT below.message_id INTO leaf_message_id FROM below ORDER BY below.depth DESC LIMIT 1;
    RETURN leaf_message_id;
END
$$;

-- The contract's Message shape (contract/rest.md, 'Shapes').
CREATE FUNCTION message_json(message messages, total_variants integer) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'message_id', message.message_id,
        'session_id', message.session_id,
        'parent_message_id', message.parent_message_id,
        'role', message.role,
        'content', message.content,
        'file_urls', message.file_urls,
        'variant_index', message.variant_index,
        'is_active', message.is_active,
        'is_complete', message.state = 'complete',
        'variant_info', json_build_object(
            'variant_index', message.variant_index,
            'total_variants', total_variants,
            'parent_message_id', message.parent_message_id
        ),
        'author_id', message.author_id,
        'session_type_id', message.session_type_id,
        'metadata', CASE WHEN message.role = 'assistant'
            THEN message.metadata || jsonb_build_object('state', message.state)
            ELSE message.metadata
        END,
        'created_at', to_char(message.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
    )
$$;
