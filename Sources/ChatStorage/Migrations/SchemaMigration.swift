/// One step of the schema: a file of `Migrations/Schema`, applied once and never changed afterwards.
struct SchemaMigration: Sendable {
    /// Counted from 1 without gaps; the number the file's name begins with.
    let version: Int
    let name: String
    let sql: String

    init(_ version: Int, _ name: String, _ bytes: [UInt8]) {
        self.version = version
        self.name = name
        self.sql = String(decoding: bytes, as: UTF8.self)
    }

    /// Name without directory, like `0001_sessions.sql`.
    var fileName: String {
        let digits = String(version)
        return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + "\(digits)_\(name).sql"
    }
}

extension SchemaMigration {
    /// Every step, in order. The build embeds the files (`embedInCode` in `Package.swift`) as one constant each, under
    /// the file's name with its first digit and its punctuation replaced by underscores; nothing enumerates them, so a
    /// test holds this list against the directory.
    static let all: [SchemaMigration] = [
        SchemaMigration(1, "sessions", PackageResources._001_sessions_sql),
        SchemaMigration(2, "messages", PackageResources._002_messages_sql),
        SchemaMigration(3, "streams", PackageResources._003_streams_sql),
        SchemaMigration(4, "event_log", PackageResources._004_event_log_sql),
        SchemaMigration(5, "idempotency_keys", PackageResources._005_idempotency_keys_sql),
        SchemaMigration(6, "session_edits", PackageResources._006_session_edits_sql),
        SchemaMigration(7, "search", PackageResources._007_search_sql),
        SchemaMigration(8, "shares", PackageResources._008_shares_sql),
        SchemaMigration(9, "streaming", PackageResources._009_streaming_sql),
        SchemaMigration(10, "event_sizes", PackageResources._010_event_sizes_sql),
        SchemaMigration(11, "message_sizes", PackageResources._011_message_sizes_sql),
        SchemaMigration(12, "search_parts", PackageResources._012_search_parts_sql),
        SchemaMigration(13, "webhook_deliveries", PackageResources._013_webhook_deliveries_sql),
    ]
}
