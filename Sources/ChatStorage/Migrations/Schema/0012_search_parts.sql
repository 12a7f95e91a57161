-- Words that stand together without a space are found each by itself: the parts of a file's name, of a host's, of an address,
-- and a word between characters of a script without spaces.

-- Text as the parser of PostgreSQL is to see it: what stands between angle brackets is no tag to be left out, and words with
-- a slash, a dot or an at sign between them are taken apart. Character for character, so that it can be turned back, but for
-- U+0006, which comes before and after what is written without spaces (the characters of is_unspaced).
CREATE OR REPLACE FUNCTION parsed_text(content text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT translate(
        CASE WHEN is_unspaced(content)
            THEN regexp_replace(
                content,
                '([\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc\U00020000-\U0003ffff]+)',
                E'\x06\\1\x06', 'g'
            )
            ELSE content
        END,
        '<>/.@', E'\x01\x02\x03\x04\x05'
    )
$$;

CREATE OR REPLACE FUNCTION search_snippet(language text, content text, query tsquery) RETURNS text
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
    RETURN left(translate(snippet, E'\x01\x02\x03\x04\x05\x06', '<>/.@'), 2000);
END
$$;

-- As before, but quicker: nearly every message is one part, and a query inside a function of SQL is planned at each call.
CREATE OR REPLACE FUNCTION message_text(content jsonb, of_type text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    part_type CONSTANT text := content #>> '{0,type}';
BEGIN
    IF jsonb_array_length(content) = 1 THEN
        RETURN CASE WHEN part_type IN ('text', 'code') AND part_type = coalesce(of_type, part_type)
            THEN left(content -> 0 ->> part_type, 131072) END;
    END IF;
    RETURN (
        SELECT left(string_agg(part ->> (part ->> 'type'), E'\n' ORDER BY number), 131072)
        FROM jsonb_array_elements(content) WITH ORDINALITY AS parts (part, number)
        WHERE part ->> 'type' = coalesce(of_type, part ->> 'type') AND part ->> 'type' IN ('text', 'code')
    );
END
$$;

CREATE OR REPLACE FUNCTION search_neighbour(role text, content jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    said CONSTANT text := message_text(content);
BEGIN
    RETURN role || ': ' || translate(left(said, 120), E'\n\r\t', '   ')
        || CASE WHEN length(said) > 120 THEN '…' ELSE '' END;
END
$$;

-- What was written before this migration. What is written while it runs keeps its whole names, which is little harm; to
-- lock the table would hold up every message.
UPDATE message_texts AS t
SET document = search_document(
    search_configuration(t.language), message_text(m.content, 'text'), message_text(m.content, 'code'), 'C'
)
FROM messages AS m
WHERE m.client_id = t.client_id AND m.message_id = t.message_id
    AND (t.unspaced_text IS NOT NULL OR message_text(m.content) ~ '\S[.@]\S');
SELECT count(index_session(sessions)) FROM sessions WHERE metadata ?| ARRAY['title', 'tags'];

-- Terms of one or two characters, which are most words of Chinese, have no trigram. They are looked for among the characters
-- and pairs of neighbours that a text is made of.
CREATE FUNCTION text_pieces(content text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT array_agg(DISTINCT piece COLLATE "C")
    FROM (
        SELECT character, lead(character) OVER (ORDER BY number) AS next_character
        FROM string_to_table(content, NULL) WITH ORDINALITY AS characters (character, number)
    ) AS pairs
    CROSS JOIN LATERAL (VALUES (character), (character || next_character)) AS pieces (piece)
    WHERE piece IS NOT NULL
$$;

-- One more name of the collation, for these indexes and the searches that are meant to use them.
CREATE COLLATION search_pieces FROM "C";
CREATE INDEX message_texts_pieces ON message_texts
    USING gin (client_id COLLATE search_pieces, session_id, text_pieces(unspaced_text))
    WITH (gin_pending_list_limit = 512)
    WHERE unspaced_text IS NOT NULL;
CREATE INDEX session_texts_pieces ON session_texts
    USING gin (client_id COLLATE search_pieces, text_pieces(unspaced_text))
    WITH (gin_pending_list_limit = 512)
    WHERE unspaced_text IS NOT NULL;
