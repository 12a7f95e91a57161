import ChatCore
import NIOHTTP1
import TestSupport

/// The published library of the Standard Webhooks project, as backends use it.
enum StandardWebhooksLibrary {
    /// Verifies a request (headers and body as JSON) with a secret; the status tells whether it is right.
    private static let program = """
        import json, sys
        from standardwebhooks import Webhook, WebhookVerificationError
        secret, request = sys.argv[1], json.loads(sys.argv[2])
        try:
            event = Webhook(secret).verify(request["body"], request["headers"])
        except WebhookVerificationError as error:
            sys.exit(f"refused: {error}")
        print(json.dumps(event))
        """

    /// Its verdict; the event is on standard output when the signature is right.
    static func verify(headers: HTTPHeaders, body: String, with secret: String) async throws -> ChildProcess.Result {
        let fields = headers.map { ($0.name, JSONValue.string($0.value)) }
        let request: JSONValue = [
            "headers": .object(fields.reduce(into: [:]) { $0[$1.0] = $1.1 }), "body": .string(body),
        ]
        return try await ChildProcess.run(
            try TestTools.path(of: "python3"),
            ["-c", program, secret, request.text]
        )
    }
}
