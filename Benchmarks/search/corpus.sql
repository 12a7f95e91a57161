-- Sessions of one client, from :first to :last, each a path of :messages messages, written through the tables' own triggers.
--
-- Words are drawn from 50,000 so that the word of rank r is 1/r as frequent as the first (Zipf), 10 to 70 to a message; every
-- tenth message is Chinese characters, drawn from 3,000 in the same way. The text of a session is the same in every run.

SET synchronous_commit = off;
SELECT set_config('benchmark.first', :'first', false), set_config('benchmark.last', :'last', false),
    set_config('benchmark.messages', :'messages', false), set_config('benchmark.type', :'type', false);

CREATE OR REPLACE FUNCTION pg_temp.word(rank double precision) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT translate(to_char(floor(rank), 'FM00000'), '0123456789', 'bdfgklmnrt')
$$;

DO $$
DECLARE
    message_count CONSTANT integer := current_setting('benchmark.messages')::integer;
    type_id CONSTANT uuid := current_setting('benchmark.type')::uuid;
    id uuid;
BEGIN
    FOR number IN current_setting('benchmark.first')::integer .. current_setting('benchmark.last')::integer LOOP
        PERFORM setseed(number / 100000.0);
        id := md5('session ' || number)::uuid;
        INSERT INTO sessions (client_id, session_id, session_type_id, metadata, created_at, updated_at)
        VALUES ('benchmark', id, type_id, jsonb_build_object(
            'title', pg_temp.word(exp(random() * ln(50000))) || ' ' || pg_temp.word(exp(random() * ln(50000)))
        ), now(), now() + number * interval '1 second');
        INSERT INTO messages (client_id, session_id, message_id, parent_message_id, role, content, is_active, state,
            author_id, session_type_id, created_at)
        SELECT 'benchmark', id, md5(id::text || place)::uuid,
            CASE WHEN place > 1 THEN md5(id::text || (place - 1))::uuid END,
            CASE WHEN place % 2 = 1 THEN 'user' ELSE 'assistant' END,
            jsonb_build_array(jsonb_build_object('type', 'text', 'text', said)), true, 'complete', 'benchmark', type_id,
            now() + place * interval '1 millisecond'
        FROM (
            SELECT place, CASE WHEN place % 10 = 0
                THEN (
                    SELECT string_agg(chr(19968 + exp(random() * ln(3000))::integer), '')
                    FROM generate_series(1, 10 + (random() * 60)::integer + 0 * place)
                )
                ELSE (
                    SELECT string_agg(pg_temp.word(exp(random() * ln(50000))), ' ')
                    FROM generate_series(1, 10 + (random() * 60)::integer + 0 * place)
                )
            END AS said
            FROM generate_series(1, message_count) AS place
            OFFSET 0
        ) AS corpus;
        UPDATE sessions SET active_leaf_message_id = md5(id::text || message_count)::uuid
        WHERE client_id = 'benchmark' AND session_id = id;
        COMMIT;
    END LOOP;
END
$$;
