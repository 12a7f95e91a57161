import ChatCore

/// Brings the schema of a database up to date, and tells whether it is.
public struct SchemaMigrator: Sendable {
    /// Days of the event log that a migration prepares; the relay keeps preparing them.
    private static let eventPartitionDaysAhead = 3

    let client: PostgresClient
    private let migrations: [SchemaMigration]

    public init(client: PostgresClient) {
        self.init(client: client, migrations: SchemaMigration.all)
    }

    init(client: PostgresClient, migrations: [SchemaMigration]) {
        self.client = client
        self.migrations = migrations
    }

    /// Applies what is missing, each migration in a transaction of its own. Any number of nodes may do so at once: one
    /// applies, the others wait and find it done. A failure leaves the migrations before it applied.
    ///
    /// - Returns: the migrations applied by this call, by file name.
    /// - Throws: ``SchemaMismatchError`` when an applied migration differs from the one known here; ``ChatError`` when
    ///   the database is out of reach or refuses.
    @discardableResult
    public func migrate() async throws -> [String] {
        try await withPortErrors {
            var applied: [String] = []
            while let name = try await applyNext() { applied.append(name) }
            try await EventPartitions(client: client).ensure(daysAhead: Self.eventPartitionDaysAhead)
            return applied
        }
    }

    /// Compares the database with what this program knows; changes nothing.
    ///
    /// - Throws: as ``migrate()``.
    public func check() async throws -> SchemaStatus {
        try await withPortErrors {
            let table = try await client.execute(Statement("SELECT to_regclass('schema_migrations') IS NOT NULL"))
            guard try table.first?.boolean(0) == true else {
                return .outOfDate(missing: migrations.map(\.fileName))
            }
            return try status(from: await client.execute(comparison))
        }
    }

    /// Applies the first migration that is missing.
    ///
    /// - Returns: its file name, or `nil` when none is missing.
    private func applyNext() async throws -> String? {
        try await client.withTransaction { transaction in
            // Waiting for another node, and rebuilding a large table, may take longer than any statement of the service.
            try await transaction.executeScript("SET LOCAL statement_timeout = 0")
            _ = try await transaction.execute(
                Statement("SELECT pg_advisory_xact_lock(\(AdvisoryLock.migration))", effect: .mayWrite)
            )
            try await transaction.executeScript(Self.createTable)
            guard case .outOfDate(let missing) = try status(from: await transaction.execute(comparison)),
                let next = migrations.first(where: { missing.contains($0.fileName) })
            else { return nil }
            try await transaction.executeScript(next.sql)
            _ = try await transaction.execute(
                Statement(
                    """
                    INSERT INTO schema_migrations (version, name, checksum)
                    VALUES ($1, $2, encode(sha256(convert_to($3, 'UTF8')), 'hex'))
                    """,
                    [.integer(Int64(next.version)), .text(next.name), .text(next.sql)]
                )
            )
            return next.fileName
        }
    }

    /// A row for each migration known here or applied there.
    private var comparison: Statement {
        Statement(
            """
            SELECT known.version, applied.version,
                applied.checksum = encode(sha256(convert_to(known.sql, 'UTF8')), 'hex') AS is_same
            FROM unnest($1, $2) AS known (version, sql)
            FULL JOIN schema_migrations AS applied ON applied.version = known.version
            """,
            [.integerArray(migrations.map { Int64($0.version) }), .textArray(migrations.map(\.sql))]
        )
    }

    private func status(from rows: ResultSet) throws -> SchemaStatus {
        var missing: Set<Int> = []
        var isAhead = false
        for row in rows {
            guard let version = try row.optionalInteger(0) else {
                isAhead = true
                continue
            }
            if try row.isNull(1) {
                missing.insert(Int(version))
            } else if try row.boolean(2) == false {
                let known = migrations.first { $0.version == version }
                throw SchemaMismatchError(migration: known?.fileName ?? String(version))
            }
        }
        if !missing.isEmpty {
            return .outOfDate(missing: migrations.filter { missing.contains($0.version) }.map(\.fileName))
        }
        return isAhead ? .newer : .current
    }

    private static let createTable = """
        CREATE TABLE IF NOT EXISTS schema_migrations (
            version bigint PRIMARY KEY,
            name text NOT NULL,
            checksum text NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now()
        )
        """
}
