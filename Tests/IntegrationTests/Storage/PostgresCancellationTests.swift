import TestSupport
import Testing

@testable import ChatStorage

@Suite struct PostgresCancellationTests {
    private static let lock = Statement("SELECT pg_advisory_xact_lock(1)")

    @Test func anOperationThatWaitsForAConnectionIsNeverSent() async throws {
        let database = try await PostgresServer.shared().makeDatabase()
        try await database.query("CREATE TABLE item (id int8)")
        try await withPostgresClient(of: database.connectionString, poolSize: 1) { client in
            try await client.withTransaction { transaction in
                _ = try await transaction.execute(Statement("SELECT 1"))
                let insert = Task { try await client.execute(Statement("INSERT INTO item VALUES (1)")) }
                insert.cancel()
                await expectPostgresError(.cancelled) { try await insert.value }
            }
            await expectInteger(0) { try await client.execute(Statement("SELECT count(*) FROM item")) }
        }
    }

    @Test func anOperationUnderWayIsLeftToTheServer() async throws {
        let database = try await PostgresServer.shared().makeDatabase()
        try await database.query("CREATE TABLE item (id int8)")
        try await withPostgresClient(of: database.connectionString, poolSize: 2) { client in
            try await client.withTransaction { transaction in
                _ = try await transaction.execute(Self.lock)
                let insert = Task {
                    try await client.transaction([Self.lock, Statement("INSERT INTO item VALUES (1)")])
                }
                try await database.untilBlocked()
                insert.cancel()
                await expectPostgresError(.cancelled) { try await insert.value }
            }
            // The lock is free again: the server went on with it, and both connections serve.
            _ = try await client.transaction([Self.lock])
            _ = try await client.transaction([Self.lock])
            await expectInteger(1) { try await client.execute(Statement("SELECT count(*) FROM item")) }
        }
    }

    @Test func anInteractiveTransactionOfACancelledTaskIsRolledBack() async throws {
        let database = try await PostgresServer.shared().makeDatabase()
        try await database.query("CREATE TABLE item (id int8)")
        try await withPostgresClient(of: database.connectionString, poolSize: 2) { client in
            try await client.withTransaction { transaction in
                _ = try await transaction.execute(Self.lock)
                let other = Task {
                    try await client.withTransaction { transaction in
                        _ = try await transaction.execute(Statement("INSERT INTO item VALUES (1)"))
                        _ = try await transaction.execute(Self.lock)
                    }
                }
                try await database.untilBlocked()
                other.cancel()
                await expectPostgresError(.cancelled) { try await other.value }
            }
            _ = try await client.transaction([Self.lock])
            await expectInteger(0) { try await client.execute(Statement("SELECT count(*) FROM item")) }
        }
    }

    @Test func aTransactionWhoseTaskIsCancelledInTheBodyIsNotCommitted() async throws {
        let database = try await PostgresServer.shared().makeDatabase()
        try await database.query("CREATE TABLE item (id int8)")
        try await withPostgresClient(of: database.connectionString, poolSize: 1) { client in
            let task = Task {
                try await client.withTransaction { transaction in
                    _ = try await transaction.execute(Statement("INSERT INTO item VALUES (1)"))
                    withUnsafeCurrentTask { $0?.cancel() }
                }
            }
            await expectPostgresError(.cancelled) { try await task.value }
            await expectInteger(0) { try await client.execute(Statement("SELECT count(*) FROM item")) }
        }
    }
}
