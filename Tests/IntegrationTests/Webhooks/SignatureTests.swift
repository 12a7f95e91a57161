import ChatBackends
import ChatCore
import Logging
import NIOHTTP1
import TestSupport
import Testing

/// Signatures as the published library of the Standard Webhooks project sees them.
@Suite(.timeLimit(.minutes(5)))
struct SignatureTests {
    private static let old = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    private static let new = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"

    /// The request with which a backend is told of a session, signed with this secret.
    private func request(signedWith secret: String) async throws -> (headers: HTTPHeaders, body: String) {
        let (requests, request) = AsyncStream.makeStream(of: StubBackend.Exchange.self)
        try await StubBackend.with { exchange in
            request.yield(exchange)
            try await exchange.respond(.ok, StubBackend.Exchange.json, #"{"available_capabilities":[]}"#)
        } _: { stub in
            let configuration = WebhookConfiguration(allowsPrivateAddresses: true)
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let backend = WebhookBackend(configuration: configuration, logger: logger)
            let type = SessionType(id: .make(), name: "Test", webhookURL: stub.url, webhookSecret: secret)
            let client = try #require(ClientID("client-1"))
            let notice = SessionCreatedNotice(sessionType: type, sessionID: .make(), clientID: client)
            let capabilities = try? await backend.sessionCreated(notice)
            try await backend.shutdown()
            #expect(capabilities == [])
        }
        var iterator = requests.makeAsyncIterator()
        let exchange = try #require(await iterator.next())
        return (exchange.head.headers, exchange.body)
    }

    private func verification(
        of request: (headers: HTTPHeaders, body: String),
        with secret: String
    ) async throws -> ChildProcess.Result {
        try await StandardWebhooksLibrary.verify(headers: request.headers, body: request.body, with: secret)
    }

    @Test("The library takes a signature for right, and only by its secret and for its body")
    func oneSecret() async throws {
        var request = try await request(signedWith: Self.old)
        let right = try await verification(of: request, with: Self.old)
        #expect(right.status.isSuccess, "\(right.standardError)")
        #expect(try JSONParser.parse(right.standardOutput)["event"] == "session.created")
        let wrong = try await verification(of: request, with: Self.new)
        #expect(wrong.standardError.contains("refused"), "\(wrong)")
        request.body += " "
        let changed = try await verification(of: request, with: Self.old)
        #expect(changed.standardError.contains("refused"), "\(changed)")
    }

    @Test("While a secret is being changed the library takes the signature by either for right")
    func twoSecrets() async throws {
        let request = try await request(signedWith: "\(Self.old) \(Self.new)")
        #expect(request.headers["webhook-signature"].first?.split(separator: " ").count == 2)
        for secret in [Self.old, Self.new] {
            let result = try await verification(of: request, with: secret)
            #expect(result.status.isSuccess, "\(result.standardError)")
        }
    }
}
