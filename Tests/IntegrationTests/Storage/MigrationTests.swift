import ChatCore
import TestSupport
import Testing

@testable import ChatStorage

@Suite struct MigrationTests {
    private let fileNames = SchemaMigration.all.map(\.fileName)

    private func withEmptyDatabase(_ body: @Sendable (PostgresClient, TestDatabase) async throws -> Void) async throws {
        let database = try await PostgresServer.shared().makeDatabase()
        try await withRunningClient(of: database, poolSize: 10) { try await body($0, database) }
    }

    @Test func appliesEverythingToAnEmptyDatabaseOnce() async throws {
        try await withEmptyDatabase { client, database in
            let migrator = SchemaMigrator(client: client)
            #expect(try await migrator.check() == .outOfDate(missing: fileNames))
            let applied = try await migrator.migrate()
            #expect(applied == fileNames)
            #expect(try await migrator.check() == .current)
            #expect(try await migrator.migrate().isEmpty)
            #expect(try await database.query("SELECT count(*) FROM schema_migrations") == "\(fileNames.count)")
        }
    }

    @Test func manyNodesAtOnceApplyEachMigrationOnce() async throws {
        try await withEmptyDatabase { client, _ in
            let applied = try await withThrowingTaskGroup(of: [String].self) { group in
                for _ in 0..<8 {
                    group.addTask { try await SchemaMigrator(client: client).migrate() }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(applied.sorted() == fileNames)
            #expect(try await SchemaMigrator(client: client).check() == .current)
        }
    }

    @Test func refusesADatabaseMigratedWithOtherFiles() async throws {
        try await withEmptyDatabase { client, database in
            let migrator = SchemaMigrator(client: client)
            _ = try await migrator.migrate()
            try await database.query("UPDATE schema_migrations SET checksum = 'other' WHERE version = 2")
            let error = SchemaMismatchError(migration: fileNames[1])
            await #expect(throws: error) { try await migrator.check() }
            await #expect(throws: error) { try await migrator.migrate() }
        }
    }

    @Test func aNewerDatabaseIsAccepted() async throws {
        try await withEmptyDatabase { client, _ in
            _ = try await SchemaMigrator(client: client).migrate()
            let older = SchemaMigrator(client: client, migrations: Array(SchemaMigration.all.dropLast()))
            #expect(try await older.check() == .newer)
            #expect(try await older.migrate().isEmpty)
        }
    }

    @Test func aFailingMigrationLeavesTheOnesBeforeIt() async throws {
        try await withEmptyDatabase { client, database in
            let version = SchemaMigration.all.count + 1
            let broken = SchemaMigration(version, "broken", Array("CREATE TABLE half (); SELECT 1/0".utf8))
            let migrator = SchemaMigrator(client: client, migrations: SchemaMigration.all + [broken])
            _ = try await SchemaMigrator(client: client).migrate()
            let error = await #expect(throws: ChatError.self) { try await migrator.migrate() }
            #expect(error?.code == .internalError)
            #expect(try await migrator.check() == .outOfDate(missing: [broken.fileName]))
            #expect(try await database.query("SELECT to_regclass('half') IS NULL") == "t")
        }
    }

    @Test func preparesTheEventLog() async throws {
        try await withEmptyDatabase { client, _ in
            _ = try await SchemaMigrator(client: client).migrate()
            #expect(try await EventPartitions(client: client).ensure(daysAhead: 3) == 0)
        }
    }
}
