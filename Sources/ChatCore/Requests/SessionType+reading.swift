internal import FoundationEssentials

extension SessionType {
    /// Reads the body of a request that makes a session type (`contract/rest.md`); an id is made unless one is given.
    ///
    /// - Parameters:
    ///   - id: set when the request's path names the type: then the body may only repeat it.
    ///   - keyed: set when the request may be sent again: the id that is made follows from it.
    /// - Throws: ``ChatError`` `INVALID_REQUEST` naming every field at fault.
    public init(body: JSONValue, id: SessionTypeID? = nil, keyed: KeyedRequest? = nil) throws(ChatError) {
        var reader = try ObjectReader(body)
        let givenID = reader.identifier("session_type_id", as: SessionTypeID.self)
        if let id, let givenID, id != givenID {
            reader.refuse("session_type_id", "It is not the one in the path.", .invalidValue)
        }
        let name = reader.string("name", required: true, maximumBytes: 256)
        let description = reader.string("description", maximumBytes: 4096, mayBeEmpty: true)
        let webhookURL = reader.webURL("webhook_url", required: true)
        let webhookSecret = Self.readSecret(from: &reader)
        let timeoutSeconds = reader.integer("timeout_seconds", in: 1...300)
        let maxDurationSeconds = reader.integer("max_duration_seconds", in: 1...3600)
        let maxConnections = reader.integer("max_connections", in: 1...10_000)
        let historyLimit = reader.integer("history_limit", in: 1...1_000_000)
        let circuitBreaker = Self.readCircuitBreaker(from: &reader)
        let summarization = Self.readSummarization(from: &reader)
        let meta = reader.object("meta")
        try reader.finish()
        guard let name, let webhookURL else { throw .invalid("", "The session type is not valid.", .invalidValue) }
        self.init(
            id: id ?? givenID ?? keyed?.makeID() ?? .make(),
            name: name,
            description: description,
            webhookURL: webhookURL,
            webhookSecret: webhookSecret,
            timeoutSeconds: timeoutSeconds ?? 30,
            maxDurationSeconds: maxDurationSeconds ?? 300,
            maxConnections: maxConnections ?? 1024,
            historyLimit: historyLimit,
            circuitBreaker: circuitBreaker ?? CircuitBreaker(),
            summarization: summarization,
            meta: meta
        )
    }

    /// One or two secrets of visible ASCII characters, with a space between them; what follows `whsec_` is base64.
    private static func readSecret(from reader: inout ObjectReader) -> String? {
        guard let text = reader.string("webhook_secret", maximumBytes: 1024) else { return nil }
        let secrets = text.split(separator: " ", omittingEmptySubsequences: false)
        let areWhole = secrets.allSatisfy { secret in
            !secret.isEmpty && secret.utf8.allSatisfy { (0x21...0x7E).contains($0) } && isDecodable(secret)
        }
        guard secrets.count <= 2, areWhole else {
            reader.refuse(
                "webhook_secret",
                "It must be one secret, or two with a space between them, of visible ASCII characters; what follows "
                    + "'whsec_' must be base64.",
                .invalidValue
            )
            return nil
        }
        return text
    }

    /// Else a slip of the pen would make a key that no library makes of it.
    private static func isDecodable(_ secret: Substring) -> Bool {
        let prefix = "whsec_"
        guard secret.hasPrefix(prefix) else { return true }
        return Data(base64Encoded: String(secret.dropFirst(prefix.count))).map { !$0.isEmpty } ?? false
    }

    private static func readCircuitBreaker(from reader: inout ObjectReader) -> CircuitBreaker? {
        guard let object = reader.object("circuit_breaker") else { return nil }
        var fields = ObjectReader(object, path: reader.path(of: "circuit_breaker"))
        let failureThreshold = fields.integer("failure_threshold", in: 1...1_000_000)
        let openSeconds = fields.integer("open_seconds", in: 1...86_400)
        let halfOpenMaxCalls = fields.integer("half_open_max_calls", in: 1...10_000)
        fields.refuseUnknownFields()
        reader.append(fields.errors)
        return CircuitBreaker(
            failureThreshold: failureThreshold ?? 5,
            openSeconds: openSeconds ?? 30,
            halfOpenMaxCalls: halfOpenMaxCalls ?? 1
        )
    }

    private static func readSummarization(from reader: inout ObjectReader) -> Summarization? {
        guard let object = reader.object("summarization") else { return nil }
        var fields = ObjectReader(object, path: reader.path(of: "summarization"))
        let enabled = fields.boolean("enabled", required: true)
        let serviceURL = fields.webURL("service_url")
        let settings = fields.object("settings")
        fields.refuseUnknownFields()
        reader.append(fields.errors)
        return Summarization(enabled: enabled ?? false, serviceURL: serviceURL, settings: settings)
    }
}
