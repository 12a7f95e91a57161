-- The event log: what clients are told, written by the transactions it tells of.

-- The newest seq of each client. Its row lock makes seq gapless and serialises the commits of one client; take it as the
-- last thing before the commit, and several of them in the order of client_id.
CREATE TABLE event_counters (
    client_id text COLLATE "C" PRIMARY KEY,
    last_seq bigint NOT NULL CHECK (last_seq > 0)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

-- Partitioned by day, so that clean-up is dropping a partition. seq is unique per client by its counter.
CREATE TABLE events (
    client_id text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('message.created', 'session.updated')),
    payload json NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (client_id, seq, created_at)
) PARTITION BY RANGE (created_at);

-- Takes what comes when nobody has made the partitions ahead.
CREATE TABLE events_default PARTITION OF events DEFAULT;

-- Events that were committed and not yet published. The shard follows from the client, so that relays can share the
-- work and the events of a client stay in order.
CREATE TABLE event_outbox (
    shard smallint NOT NULL,
    client_id text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    -- Finds the event in its partition.
    event_created_at timestamptz NOT NULL,
    PRIMARY KEY (shard, client_id, seq)
) WITH (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 2000);

-- Writes one event and returns its seq.
CREATE FUNCTION append_event(recipient_id text, event_kind text, event_payload json) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    event_seq bigint;
BEGIN
    INSERT INTO event_counters AS counter (client_id, last_seq) VALUES (recipient_id, 1)
    ON CONFLICT (client_id) DO UPDATE SET last_seq = counter.last_seq + 1
    RETURNING last_seq INTO event_seq;
    INSERT INTO events (client_id, seq, kind, payload, created_at)
    VALUES (recipient_id, event_seq, event_kind, event_payload, now());
    INSERT INTO event_outbox (shard, client_id, seq, event_created_at)
    VALUES (event_shard(recipient_id), recipient_id, event_seq, now());
    RETURN event_seq;
END
$$;

CREATE FUNCTION event_shard(of_client_id text) RETURNS smallint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT (hashtextextended(of_client_id, 0) & 63)::smallint
$$;

-- Tells the owner, and the author when that is somebody else, of a message in its final form. Both counters are locked in
-- the order of client_id.
CREATE FUNCTION append_message_created(message messages, total_variants integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    event_payload json := json_build_object(
        'session_id', message.session_id, 'message', message_json(message, total_variants)
    );
BEGIN
    IF message.author_id = message.client_id THEN
        PERFORM append_event(message.client_id, 'message.created', event_payload);
    ELSE
        PERFORM append_event(least(message.client_id, message.author_id), 'message.created', event_payload);
        PERFORM append_event(greatest(message.client_id, message.author_id), 'message.created', event_payload);
    END IF;
END
$$;

-- Reads the catalogue with a snapshot of its own: a name look-up may still say what was true before a wait.
CREATE FUNCTION has_event_partition(name text) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM pg_inherits
        JOIN pg_class AS child ON child.oid = pg_inherits.inhrelid
        WHERE pg_inherits.inhparent = 'events'::regclass AND child.relname = name
    );
END
$$;

-- Makes the daily partitions of today and of the days ahead that are missing; returns how many it made. Events that
-- had to go to the default partition move to their own.
CREATE FUNCTION ensure_event_partitions(days_ahead integer) RETURNS integer
LANGUAGE plpgsql SET lock_timeout = '3s' AS $$
DECLARE
    today date := (now() AT TIME ZONE 'UTC')::date;
    day date;
    name text;
    first_moment timestamptz;
    last_moment timestamptz;
    made integer := 0;
BEGIN
    FOR offset_days IN 0..days_ahead LOOP
        day := today + offset_days;
        name := 'events_' || to_char(day, 'YYYYMMDD');
        CONTINUE WHEN has_event_partition(name);
        PERFORM pg_advisory_xact_lock(hashtextextended('events_partitions', 0));
        -- Another may have made it meanwhile.
        CONTINUE WHEN has_event_partition(name);
        first_moment := day::timestamp AT TIME ZONE 'UTC';
        last_moment := (day + 1)::timestamp AT TIME ZONE 'UTC';
        -- Attaching, unlike making in place, leaves the log open to readers and writers of other partitions.
        LOCK TABLE events_default IN ACCESS EXCLUSIVE MODE;
        EXECUTE format('CREATE TABLE %I (LIKE events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
        EXECUTE format(
            'WITH moved AS (DELETE FROM events_default WHERE created_at >= $1 AND created_at < $2 RETURNING *)'
            ' INSERT INTO %I SELECT * FROM moved', name
        ) USING first_moment, last_moment;
        EXECUTE format(
            'ALTER TABLE events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, first_moment, last_moment
        );
        made := made + 1;
    END LOOP;
    RETURN made;
END
$$;

-- Drops the partitions whose newest event is older than `age`; returns how many.
CREATE FUNCTION drop_event_partitions(age interval) RETURNS integer
LANGUAGE plpgsql SET lock_timeout = '3s' AS $$
DECLARE
    name text;
    dropped integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('events_partitions', 0));
    FOR name IN
        SELECT child.relname
        FROM pg_inherits
        JOIN pg_class AS child ON child.oid = pg_inherits.inhrelid
        WHERE pg_inherits.inhparent = 'events'::regclass AND child.relname ~ '^events_\d{8}$'
            AND (to_date(right(child.relname, 8), 'YYYYMMDD') + 1)::timestamp AT TIME ZONE 'UTC' <= now() - age
    LOOP
        EXECUTE format('DROP TABLE %I', name);
        dropped := dropped + 1;
    END LOOP;
    DELETE FROM events_default WHERE created_at <= now() - age;
    RETURN dropped;
END
$$;
