import ChatCore
import Logging
import Synchronization
import TestSupport
import Testing

@testable import ChatStorage

/// A migrated database of one test's own, and the repositories on it.
struct StorageFixture: Sendable {
    let database: TestDatabase
    let client: PostgresClient
    let node = Node(id: .make(), name: "test", role: .gateway)
    let owner: ClientID
    let type = SessionType(id: .make(), name: "Echo", webhookURL: "http://127.0.0.1:1/")

    var sessionTypes: SessionTypeRepository { SessionTypeRepository(client: client) }
    var sessions: SessionRepository { SessionRepository(client: client) }
    var messages: MessageRepository { MessageRepository(client: client) }
    var leases: StreamLeaseRepository { StreamLeaseRepository(client: client) }
    var events: EventRepository { EventRepository(client: client) }
    var outbox: EventOutboxRepository { EventOutboxRepository(client: client) }
    var webhookOutbox: WebhookOutboxRepository { WebhookOutboxRepository(client: client) }
}

/// Runs `body` on a migrated database with one session type, and the lease of one node in force.
func withStorage<Result: Sendable>(
    poolSize: Int = 4,
    _ body: @Sendable (StorageFixture) async throws -> Result
) async throws -> Result {
    let server = try await PostgresServer.shared()
    let database = try await server.makeDatabase(template: try await MigratedTemplate.database())
    return try await withRunningClient(of: database, poolSize: poolSize) { client in
        let fixture = StorageFixture(database: database, client: client, owner: try #require(ClientID("alice")))
        try await fixture.sessionTypes.createSessionType(fixture.type)
        _ = try await fixture.leases.renewLease(of: fixture.node, seconds: 600)
        return try await body(fixture)
    }
}

/// Runs `body` with a client of the database, whose connections are closed afterwards.
func withRunningClient<Result: Sendable>(
    of database: TestDatabase,
    poolSize: Int = 4,
    _ body: @Sendable (PostgresClient) async throws -> Result
) async throws -> Result {
    let configuration = PostgresConfiguration(
        connectionString: database.connectionString,
        poolSize: poolSize,
        // Transactions that wait for each other take as long as a busy machine lets this process run.
        statementTimeoutMilliseconds: 60_000,
        maximumWaitMilliseconds: 60_000
    )
    let client = PostgresClient(configuration: configuration, logger: Logger(label: "test"))
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await client.run() }
        defer { group.cancelAll() }
        return try await body(client)
    }
}

/// The migrated database the others are copied from, which is quicker than to migrate each.
private enum MigratedTemplate {
    private static let made = Mutex<Task<TestDatabase, any Error>?>(nil)

    static func database() async throws -> TestDatabase {
        let task = made.withLock { made in
            let task = made ?? Task { try await make() }
            made = task
            return task
        }
        return try await task.value
    }

    private static func make() async throws -> TestDatabase {
        let database = try await PostgresServer.shared().makeDatabase()
        try await withRunningClient(of: database) { client in
            _ = try await SchemaMigrator(client: client).migrate()
        }
        // A database can be copied when nobody is connected to it.
        while try await database.server.query(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = '\(database.name)'"
        ) != "0" {}
        return database
    }
}

extension StorageFixture {
    func makeSession(of client: ClientID? = nil, updatedAt: Timestamp = .now) async throws -> SessionID {
        let session = Session(
            id: .make(),
            clientID: client ?? owner,
            sessionTypeID: type.id,
            availableCapabilities: [],
            metadata: [:],
            createdAt: updatedAt,
            updatedAt: updatedAt
        )
        try await sessions.createSession(session)
        return session.id
    }

    func exchange(
        in session: SessionID,
        under parent: NewExchange.Parent = .activeLeaf,
        of client: ClientID? = nil,
        text: String = "hello",
        author: String? = nil,
        node: NodeID? = nil,
        historyLimit: Int? = nil,
        idempotency: IdempotencyKey? = nil
    ) -> NewExchange {
        NewExchange(
            clientID: client ?? owner,
            authorID: author ?? (client ?? owner).rawValue,
            sessionID: session,
            sessionTypeID: type.id,
            parent: parent,
            userMessageID: .make(),
            content: [.text(text)],
            fileURLs: [],
            responseMessageID: .make(),
            nodeID: node ?? self.node.id,
            historyLimit: historyLimit,
            idempotency: idempotency
        )
    }

    /// Begins an exchange that has to be accepted.
    func begin(_ exchange: NewExchange) async throws -> BegunExchange {
        let outcome = try await messages.beginExchange(exchange)
        guard case .begun(let userMessage, let response, let history) = outcome else {
            throw TestSupportError("The exchange was not begun: \(outcome)")
        }
        return BegunExchange(userMessage: userMessage, response: response, history: history)
    }

    /// Ends the stream of an answer of this fixture's node.
    @discardableResult
    func finish(
        _ message: MessageID,
        of client: ClientID? = nil,
        as state: Message.State = .complete,
        content: [ContentPart] = [.text("answer")],
        metadata: JSONObject = [:]
    ) async throws -> Message? {
        try await messages.finishStream(
            StreamEnd(
                clientID: client ?? owner,
                messageID: message,
                nodeID: node.id,
                state: state,
                content: content,
                chunks: content.count,
                metadata: metadata
            )
        )
    }

    /// A whole exchange: message and answer.
    @discardableResult
    func converse(
        in session: SessionID,
        under parent: NewExchange.Parent = .activeLeaf,
        text: String = "hello"
    ) async throws -> BegunExchange {
        let begun = try await begin(exchange(in: session, under: parent, text: text))
        try await finish(begun.response.id)
        return begun
    }

    func activePath(of session: SessionID) async throws -> [MessageID] {
        let page = try await messages.messages(
            MessageQuery(clientID: owner, sessionID: session, limit: 1000)
        )
        return try #require(page).elements.map(\.id)
    }
}

struct BegunExchange: Sendable {
    let userMessage: Message
    let response: Message
    let history: [Message]
}
