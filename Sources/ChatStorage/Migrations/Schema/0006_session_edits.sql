-- Changing sessions: metadata, deletion, the active path, reactions.
--
-- Locks are taken in one order: the session, streams, messages, and the counter of the client's events last.

-- Tells the owner of a change of a session: `updates` holds each changed field with its whole new value.
CREATE FUNCTION append_session_updated(owner_id text, of_session_id uuid, updates json) RETURNS bigint
LANGUAGE sql AS $$
    SELECT append_event(
        owner_id, 'session.updated', json_build_object('session_id', of_session_id, 'updates', updates)
    )
$$;

-- Deletes a session with everything of it. Returns null when there is no such session; the messages that are being
-- streamed, and then nothing was deleted; or an empty array.
CREATE FUNCTION delete_session(of_client_id text, old_session_id uuid, even_while_streaming boolean) RETURNS uuid[]
LANGUAGE plpgsql AS $$
DECLARE
    streaming uuid[];
BEGIN
    PERFORM FROM sessions WHERE client_id = of_client_id AND session_id = old_session_id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF NOT even_while_streaming THEN
        SELECT array_agg(message_id) INTO streaming
        FROM streams
        WHERE client_id = of_client_id AND session_id = old_session_id;
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

-- Makes a message part of the active path: it and everything above it become the active siblings, and below it the path
-- goes on along the active children. Returns false when there is no such message.
CREATE FUNCTION activate_message(of_client_id text, to_message_id uuid) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    of_session_id uuid;
    activated uuid[];
    parents uuid[];
    activates_root boolean;
BEGIN
    SELECT session_id INTO of_session_id
    FROM messages
    WHERE client_id = of_client_id AND message_id = to_message_id;
    PERFORM FROM sessions WHERE client_id = of_client_id AND session_id = of_session_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    SELECT array_agg(m.message_id), array_agg(m.parent_message_id) FILTER (WHERE m.parent_message_id IS NOT NULL),
        bool_or(m.parent_message_id IS NULL)
    INTO activated, parents, activates_root
    FROM message_path(of_client_id, of_session_id, to_message_id) AS path
    CROSS JOIN LATERAL (
        SELECT message_id, parent_message_id FROM messages
        WHERE messages.client_id = of_client_id AND messages.branch_id = path.branch_id
            AND messages.depth <= path.last_depth AND NOT messages.is_active
        OFFSET 0
    ) AS m;
    IF activated IS NULL THEN
        RETURN true;
    END IF;
    UPDATE messages SET is_active = false
    WHERE client_id = of_client_id AND parent_message_id = ANY (parents) AND is_active;
    IF activates_root THEN
        UPDATE messages SET is_active = false
        WHERE client_id = of_client_id AND parent_message_id IS NULL AND session_id = of_session_id AND is_active;
    END IF;
    UPDATE messages SET is_active = true WHERE client_id = of_client_id AND message_id = ANY (activated);
    UPDATE sessions SET active_leaf_message_id = active_leaf_below(of_client_id, of_session_id, to_message_id)
    WHERE client_id = of_client_id AND session_id = of_session_id;
    RETURN true;
END
$$;

-- What a user thinks of a message; one row a user and message, which stays when the reaction is taken back.
CREATE TABLE reactions (
    client_id text COLLATE "C" NOT NULL,
    message_id uuid NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    reaction_type text NOT NULL CHECK (reaction_type IN ('like', 'dislike', 'none')),
    -- What it was before its last change.
    previous_reaction_type text NOT NULL CHECK (previous_reaction_type IN ('like', 'dislike', 'none')),
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (client_id, message_id, user_id),
    CONSTRAINT reactions_message_fkey
        FOREIGN KEY (client_id, message_id) REFERENCES messages (client_id, message_id) ON DELETE CASCADE
);
