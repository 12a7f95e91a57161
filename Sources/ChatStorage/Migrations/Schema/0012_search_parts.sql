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
