import TestSupport
import Testing

/// Proves that no transaction a guest wrote in changed the owner's active path, by having the database note both.
///
/// The notes are taken at the end of each statement, when the leaf kept with the session is the one it leaves behind.
enum GuestAudit {
    static func begin(in database: TestDatabase) async throws {
        try await database.query(
            """
            CREATE TABLE guest_transactions (transaction_id xid8 NOT NULL);
            CREATE TABLE path_changes (transaction_id xid8 NOT NULL);

            CREATE FUNCTION note_guest() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO guest_transactions VALUES (pg_current_xact_id());
                RETURN NULL;
            END
            $$;
            CREATE TRIGGER note_guest AFTER INSERT ON guest_messages FOR EACH ROW EXECUTE FUNCTION note_guest();

            CREATE FUNCTION note_leaf() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO path_changes VALUES (pg_current_xact_id());
                RETURN NULL;
            END
            $$;
            CREATE TRIGGER note_leaf AFTER UPDATE ON sessions FOR EACH ROW
                WHEN (OLD.active_leaf_message_id IS DISTINCT FROM NEW.active_leaf_message_id)
                EXECUTE FUNCTION note_leaf();

            -- A flag is part of the path when the message itself, or the one it hangs under, is.
            CREATE FUNCTION note_flag() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO path_changes
                SELECT pg_current_xact_id()
                WHERE NEW.parent_message_id IS NULL OR EXISTS (
                    SELECT FROM sessions AS s
                    CROSS JOIN LATERAL message_path(s.client_id, s.session_id, s.active_leaf_message_id) AS path
                    JOIN messages AS m
                        ON m.client_id = s.client_id AND m.branch_id = path.branch_id AND m.depth <= path.last_depth
                    WHERE s.client_id = NEW.client_id AND s.session_id = NEW.session_id
                        AND m.message_id = NEW.parent_message_id
                );
                RETURN NULL;
            END
            $$;
            CREATE TRIGGER note_new_flag AFTER INSERT ON messages FOR EACH ROW
                WHEN (NEW.is_active) EXECUTE FUNCTION note_flag();
            CREATE TRIGGER note_flag AFTER UPDATE ON messages FOR EACH ROW
                WHEN (OLD.is_active <> NEW.is_active) EXECUTE FUNCTION note_flag();
            """
        )
    }

    static func check(_ database: TestDatabase, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let noted = try await database.query(
            """
            SELECT (SELECT count(*) > 0 FROM guest_transactions), (SELECT count(*) > 0 FROM path_changes),
                (SELECT count(*) FROM guest_transactions JOIN path_changes USING (transaction_id))
            """
        )
        #expect(noted == "t|t|0", sourceLocation: sourceLocation)
    }
}
