-- How long a message is as JSON, so that a page of messages can be bounded by what it would hold in memory without reading
-- it: what a value takes on disk is compressed and says nothing of that. Unknown of messages that are being streamed, and of
-- those from before, which are measured when they are listed; not rewriting them leaves the table open to everybody.
ALTER TABLE messages ADD COLUMN json_bytes integer;

CREATE FUNCTION message_bytes(content jsonb, file_urls jsonb, metadata jsonb) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT octet_length(content::text) + octet_length(file_urls::text) + octet_length(metadata::text)
$$;

CREATE FUNCTION messages_measure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.json_bytes := message_bytes(NEW.content, NEW.file_urls, NEW.metadata);
    RETURN NEW;
END
$$;

CREATE TRIGGER messages_measure_written BEFORE INSERT ON messages FOR EACH ROW
    WHEN (NEW.state <> 'streaming')
    EXECUTE FUNCTION messages_measure();
CREATE TRIGGER messages_measure_ended BEFORE UPDATE ON messages FOR EACH ROW
    WHEN (OLD.state = 'streaming' AND NEW.state <> 'streaming')
    EXECUTE FUNCTION messages_measure();
