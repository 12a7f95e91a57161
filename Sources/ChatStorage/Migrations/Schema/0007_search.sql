-- Full-text search: of what was said, and of the titles and tags of sessions.
--
-- Both extensions are trusted, so whoever may create objects in the database may create them.
CREATE EXTENSION IF NOT EXISTS btree_gin;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- The text search configurations in use. Names, not regconfig: a column of that type cannot be upgraded by pg_upgrade.
CREATE TABLE search_languages (
    language text COLLATE "C" PRIMARY KEY
);

-- What a search looks through, beside the messages rather than in them: a message changes when its flags do, and each
-- time every index entry of its text would be written anew. Only messages that have ended are here, those with text.
CREATE TABLE message_texts (
    client_id text COLLATE "C" NOT NULL,
    session_id uuid NOT NULL,
    message_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    -- Fixed when the message was written, whatever becomes of its session type.
    language text COLLATE "C" NOT NULL,
    document tsvector NOT NULL,
    -- The text itself, in lower case, where it holds characters of a script that puts no spaces between words.
    unspaced_text text,
    PRIMARY KEY (client_id, session_id, message_id),
    -- A message is deleted only with its session, and then this is one deletion instead of one for each message.
    CONSTRAINT message_texts_session_fkey
        FOREIGN KEY (client_id, session_id) REFERENCES sessions ON DELETE CASCADE
);

CREATE TABLE session_texts (
    client_id text COLLATE "C" NOT NULL,
    session_id uuid NOT NULL,
    language text COLLATE "C" NOT NULL,
    -- Title and tags.
    document tsvector NOT NULL,
    unspaced_text text,
    PRIMARY KEY (client_id, session_id),
    CONSTRAINT session_texts_session_fkey
        FOREIGN KEY (client_id, session_id) REFERENCES sessions ON DELETE CASCADE
);

-- Whether a text holds characters of a script without spaces between words (Thai, Lao, Myanmar, Khmer, Chinese,
-- Japanese), or with words that take endings without them (Korean). A text of single bytes needs no closer look.
CREATE FUNCTION is_unspaced(content text) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT octet_length(content) > char_length(content) AND content ~
        '[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc\U00020000-\U0003ffff]'
$$;

-- The text of a message's parts of one kind, or of both when none is named; null when there is none. Of a longer text
-- the first 131,072 characters.
CREATE FUNCTION message_text(content jsonb, of_type text DEFAULT NULL) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT left(string_agg(part ->> (part ->> 'type'), E'\n' ORDER BY number), 131072)
    FROM jsonb_array_elements(content) WITH ORDINALITY AS parts (part, number)
    WHERE part ->> 'type' = coalesce(of_type, part ->> 'type') AND part ->> 'type' IN ('text', 'code')
$$;

-- Text as the parser of PostgreSQL is to see it: what stands between angle brackets is no tag to be left out, and words
-- with a slash between them are no path to be taken whole. Character for character, so that it can be turned back.
CREATE FUNCTION parsed_text(content text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT translate(content, '<>/', E'\x01\x02\x03')
$$;

-- The text search configuration of that name, `simple` when there is none.
CREATE FUNCTION search_configuration(name text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(
        (SELECT cfgname::text FROM pg_ts_config WHERE cfgname = name AND pg_ts_config_is_visible(oid)), 'simple'
    )
$$;

-- The language of what is written in sessions of a type, by its `meta.search_language`.
CREATE FUNCTION search_language(of_session_type_id uuid) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    SELECT meta ->> 'search_language' INTO result FROM session_types WHERE session_type_id = of_session_type_id;
    result := search_configuration(coalesce(result, 'english'));
    IF NOT EXISTS (SELECT FROM search_languages WHERE language = result) THEN
        INSERT INTO search_languages (language) VALUES (result) ON CONFLICT DO NOTHING;
    END IF;
    RETURN result;
END
$$;

-- Two texts as one document, the first with weight A, the second with `second_weight`. A document holds 1 MiB: of texts
-- with more words than that only the beginning is indexed.
CREATE FUNCTION search_document(language text, first_text text, second_text text, second_weight "char")
RETURNS tsvector
LANGUAGE plpgsql STABLE AS $$
DECLARE
    configuration regconfig := language;
    document tsvector;
BEGIN
    IF coalesce(length(first_text), 0) + coalesce(length(second_text), 0) > 32768 THEN
        BEGIN
            RETURN setweight(to_tsvector(configuration, parsed_text(coalesce(first_text, ''))), 'A')
                || setweight(to_tsvector(configuration, parsed_text(coalesce(second_text, ''))), second_weight);
        EXCEPTION WHEN program_limit_exceeded THEN
            first_text := left(first_text, 16384);
            second_text := left(second_text, 16384);
        END;
    END IF;
    document := setweight(to_tsvector(configuration, parsed_text(coalesce(first_text, ''))), 'A');
    IF second_text IS NOT NULL THEN
        document := document || setweight(to_tsvector(configuration, parsed_text(second_text)), second_weight);
    END IF;
    RETURN document;
END
$$;

CREATE FUNCTION index_message(message messages) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    said text := message_text(message.content, 'text');
    code text;
    language text;
    whole text;
BEGIN
    IF message.content @> '[{"type": "code"}]' THEN
        code := message_text(message.content, 'code');
    END IF;
    IF said IS NULL AND code IS NULL THEN
        RETURN;
    END IF;
    language := search_language(message.session_type_id);
    whole := concat_ws(E'\n', said, code);
    INSERT INTO message_texts (client_id, session_id, message_id, created_at, language, document, unspaced_text)
    VALUES (message.client_id, message.session_id, message.message_id, message.created_at, language,
        search_document(language, said, code, 'C'), CASE WHEN is_unspaced(whole) THEN lower(whole) END);
END
$$;

CREATE FUNCTION messages_index() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM index_message(NEW);
    RETURN NULL;
END
$$;

CREATE FUNCTION index_session(session sessions) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    -- A title or a tag that is no text is none.
    title text := CASE WHEN jsonb_typeof(session.metadata -> 'title') = 'string'
        THEN left(session.metadata ->> 'title', 32768) END;
    tags text := left((
        SELECT string_agg(tag #>> '{}', E'\n')
        FROM jsonb_array_elements(
            CASE jsonb_typeof(session.metadata -> 'tags')
                WHEN 'array' THEN session.metadata -> 'tags'
                WHEN 'string' THEN jsonb_build_array(session.metadata -> 'tags')
                ELSE '[]'
            END
        ) AS tags (tag)
        WHERE jsonb_typeof(tag) = 'string'
    ), 32768);
    language text;
    whole text;
BEGIN
    IF title IS NULL AND tags IS NULL THEN
        DELETE FROM session_texts WHERE client_id = session.client_id AND session_id = session.session_id;
        RETURN;
    END IF;
    language := search_language(session.session_type_id);
    whole := concat_ws(E'\n', title, tags);
    INSERT INTO session_texts (client_id, session_id, language, document, unspaced_text)
    VALUES (session.client_id, session.session_id, language, search_document(language, title, tags, 'B'),
        CASE WHEN is_unspaced(whole) THEN lower(whole) END)
    ON CONFLICT (client_id, session_id) DO UPDATE SET
        language = excluded.language, document = excluded.document, unspaced_text = excluded.unspaced_text;
END
$$;

CREATE FUNCTION sessions_index() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM index_session(NEW);
    RETURN NULL;
END
$$;

-- What was written before this migration.
SELECT count(index_message(messages)) FROM messages WHERE state <> 'streaming';
SELECT count(index_session(sessions)) FROM sessions WHERE metadata ?| ARRAY['title', 'tags'];

-- The owner is part of the index, so that a search reads what is theirs and no more. The owner stands there under another
-- name of the same collation, one for words and one for substrings, and so in the condition of a search: thereby it finds
-- the one index that is right. Of the primary key, or of an index without its text, the planner would think better than
-- it should when most clients are small, and then read all that a large one has ever said.
--
-- The list of entries that wait to be sorted in is kept short: it is read by every search, and one unlucky writer has to
-- empty it.
CREATE INDEX message_texts_words ON message_texts
    USING gin (client_id COLLATE "POSIX", session_id, document) WITH (gin_pending_list_limit = 512);
CREATE INDEX message_texts_unspaced ON message_texts
    USING gin (client_id COLLATE ucs_basic, session_id, unspaced_text gin_trgm_ops) WITH (gin_pending_list_limit = 512)
    WHERE unspaced_text IS NOT NULL;
CREATE INDEX session_texts_words ON session_texts
    USING gin (client_id COLLATE "POSIX", document) WITH (gin_pending_list_limit = 512);
CREATE INDEX session_texts_unspaced ON session_texts
    USING gin (client_id COLLATE ucs_basic, unspaced_text gin_trgm_ops) WITH (gin_pending_list_limit = 512)
    WHERE unspaced_text IS NOT NULL;

CREATE TRIGGER messages_index_written AFTER INSERT ON messages FOR EACH ROW
    WHEN (NEW.state <> 'streaming')
    EXECUTE FUNCTION messages_index();
CREATE TRIGGER messages_index_ended AFTER UPDATE ON messages FOR EACH ROW
    WHEN (OLD.state = 'streaming' AND NEW.state <> 'streaming')
    EXECUTE FUNCTION messages_index();
CREATE TRIGGER sessions_index_written AFTER INSERT ON sessions FOR EACH ROW
    WHEN (NEW.metadata ?| ARRAY['title', 'tags'])
    EXECUTE FUNCTION sessions_index();
CREATE TRIGGER sessions_index_changed AFTER UPDATE OF metadata, session_type_id ON sessions FOR EACH ROW
    WHEN ((OLD.metadata -> 'title', OLD.metadata -> 'tags', OLD.session_type_id)
        IS DISTINCT FROM (NEW.metadata -> 'title', NEW.metadata -> 'tags', NEW.session_type_id))
    EXECUTE FUNCTION sessions_index();

-- A query of words in every language in use (contract/rest.md: words are stemmed, "a phrase", or, -not); without those in
-- whose eyes it says nothing, as it does when all its words are stop words.
CREATE FUNCTION search_queries(words text) RETURNS TABLE (language text, query tsquery)
LANGUAGE plpgsql STABLE ROWS 2 SET client_min_messages = 'warning' AS $$
BEGIN
    RETURN QUERY
    SELECT l.language, parsed.query
    FROM search_languages AS l
    CROSS JOIN LATERAL (
        SELECT websearch_to_tsquery(search_configuration(l.language)::regconfig, parsed_text(words)) AS query
    ) AS parsed
    WHERE numnode(parsed.query) > 0;
END
$$;

-- 0…1,000,000, the larger the better; the longer the text the more matches it takes.
CREATE FUNCTION search_score(document tsvector, query tsquery) RETURNS integer
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT round(ts_rank_cd(document, query, 1 | 32) * 1000000)::integer
$$;

-- A few lines of a text around the words that match, which stand between « and ». Of a long text the beginning is tried
-- first: to look for matches costs as much as to index them.
CREATE FUNCTION search_snippet(language text, content text, query tsquery) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    options CONSTANT text :=
        'StartSel=«, StopSel=», MaxWords=25, MinWords=10, ShortWord=0, MaxFragments=2, FragmentDelimiter=" … "';
    configuration regconfig := search_configuration(language);
    snippet text := ts_headline(configuration, parsed_text(left(content, 16384)), query, options);
BEGIN
    IF length(content) > 16384 AND strpos(snippet, '«') = 0 THEN
        snippet := ts_headline(configuration, parsed_text(content), query, options);
    END IF;
    RETURN left(translate(snippet, E'\x01\x02\x03', '<>/'), 2000);
END
$$;

-- What the two functions above are for text that is searched as it stands: the more often `terms` occur, the better.
CREATE FUNCTION search_substring_score(unspaced_text text, terms text[]) RETURNS integer
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT round(1000000 * matches / (matches + 1 + ln(length(unspaced_text))))::integer
    FROM (
        SELECT coalesce(
            sum((length(unspaced_text) - length(replace(unspaced_text, lower(term), ''))) / length(term)), 0
        ) AS matches
        FROM unnest(terms) AS term
    ) AS counted
$$;

-- `any_term` is the regular expression of all terms.
CREATE FUNCTION search_excerpt(content text, terms text[], any_term text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN start > 1 THEN '… ' ELSE '' END
        || regexp_replace(substr(content, start, 160), any_term, '«\&»', 'gi')
        || CASE WHEN length(content) >= start + 160 THEN ' …' ELSE '' END
    FROM (
        SELECT greatest(1, coalesce(min(strpos(lower(content), lower(term))), 1) - 40) AS start
        FROM unnest(terms) AS term
        WHERE strpos(lower(content), lower(term)) > 0
    ) AS excerpt
$$;

-- A neighbour of a match in one line: who said it, and the beginning.
CREATE FUNCTION search_neighbour(role text, content jsonb) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT role || ': ' || translate(left(said, 120), E'\n\r\t', '   ')
        || CASE WHEN length(said) > 120 THEN '…' ELSE '' END
    FROM (SELECT message_text(content) AS said) AS message
$$;
