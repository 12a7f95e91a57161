import ChatCore
import ChatRuntime
import Hummingbird
import HummingbirdTesting
import Logging
import Metrics
import NIOCore
import TestFakes

@testable import ChatAPI

/// The API over fakes. Tokens are the names of clients; `admin` is an administrator, `expired` is refused.
struct APIFixture: Sendable {
    let database: FakeDatabase
    let shares: FakeShares
    let keptAnswers = FakeKeptAnswers()
    let log = RecordingLog()
    let metrics = PrometheusMetricsFactory()
    let eventLog = FakeEventLog()
    let bus = LocalBus()
    let drain = DrainState()
    var maximumEventWaits = 10
    var backend = FakeBackend()
    var settings = RESTSettings(port: 0, maximumBodyBytes: 4096, publicBaseURL: "https://chat.example")
    var exportDirectory = "/nonexistent"
    static let tokenSecret = Secret("a secret of thirty-two bytes, or more")

    init() {
        database = FakeDatabase()
        shares = FakeShares(database: database)
    }

    var server: RESTServer {
        let node = Node(id: .make(), name: "test", role: .api)
        let registry = StreamRegistry()
        let signals = NodeSignals(node: node, bus: SilentBus(), registry: registry, observer: SilentObserver())
        let sessionTypes = FakeSessionTypes(database: database)
        let sessions = FakeSessions(database: database)
        let stopMessage = StopMessage(
            node: node,
            leases: FakeLeases(database: database),
            directory: EmptyDirectory(),
            registry: registry,
            signals: signals
        )
        var services = RESTServices(
            sessionTypes: sessionTypes,
            checkSessionType: CheckSessionType(sessionTypes: sessionTypes, backend: backend),
            sessions: sessions,
            messages: FakeMessages(database: database),
            createSession: CreateSession(sessionTypes: sessionTypes, sessions: sessions, backend: backend),
            stopMessage: stopMessage,
            sendMulti: SendMulti(
                sessions: sessions,
                sessionTypes: sessionTypes,
                exchanges: FakeExchanges(),
                leases: FakeLeases(database: database),
                streams: StreamServices(
                    node: node,
                    backend: backend,
                    messages: FakeMessages(database: database),
                    registry: registry,
                    observer: SilentObserver()
                ),
                bell: OutboxBell(bus: SilentBus())
            ),
            editing: .fake(database, backend: backend, stopMessage: stopMessage),
            search: FakeSearch(database: database),
            exporting: ExportingServices(
                configuration: ExportConfiguration(store: .directory(exportDirectory)),
                tokenSecret: Self.tokenSecret,
                publicBaseURL: "https://chat.example",
                transcripts: FakeTranscripts(database: database)
            ),
            shares: shares,
            keptAnswers: keptAnswers,
            // Its time stands still: what waits for events does not end by itself.
            followEvents: FollowEvents(
                events: eventLog,
                bus: bus,
                maximumWaits: maximumEventWaits,
                clock: ManualClock()
            ),
            drain: drain,
            verify: { try Self.caller(of: $0) },
            logger: log.logger
        )
        services.metricsFactory = metrics
        return RESTServer(services, settings: settings)
    }

    private static func caller(of token: String) throws -> Caller {
        guard token != "expired", let client = ClientID(token) else {
            throw ChatError(.authRequired, "The token has expired.")
        }
        return Caller(
            clientID: client,
            isAdministrator: token == "admin",
            expiresAt: Timestamp.now.advanced(bySeconds: 3600)
        )
    }

    /// Sends one request through the router, without a socket.
    func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        as token: String? = "alice",
        _ body: JSONValue? = nil,
        headers: HTTPFields = [:]
    ) async throws -> Reply {
        var headers = headers
        if body != nil, headers[.contentType] == nil { headers[.contentType] = "application/json" }
        return try await send(method, path, as: token, bytes: body?.bytes, headers: headers)
    }

    func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        as token: String? = "alice",
        bytes: [UInt8]?,
        headers: HTTPFields = [:]
    ) async throws -> Reply {
        var fields = headers
        if let token { fields[.authorization] = "Bearer \(token)" }
        return try await server.test(.router) { [fields] client in
            let response = try await client.executeRequest(
                uri: "/api/v1" + path,
                method: method,
                headers: fields,
                body: bytes.map { ByteBuffer(bytes: $0) }
            )
            return Reply(head: response.head, body: Array(response.body.readableBytesView))
        }
    }
}

/// An answer.
struct Reply: Sendable {
    let head: HTTPResponse
    let body: [UInt8]

    var status: Int { head.status.code }
    var json: JSONValue { (try? JSONParser.parse(body)) ?? .null }
    var code: String? { json["error_code"]?.stringValue }
    var requestID: String? { self["x-request-id"] }

    subscript(header: String) -> String? {
        HTTPHeader.Name(header).flatMap { head.headerFields[$0] }
    }

    /// `field: code` of each validation error.
    var invalidFields: [String] {
        (json["details"]?["validation_errors"]?.arrayValue ?? []).map {
            "\($0["field"]?.stringValue ?? "?"): \($0["code"]?.stringValue ?? "?")"
        }
    }
}
