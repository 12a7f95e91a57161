import Foundation

/// Which server is asked, and how.
struct BridgeConfiguration: Sendable {
    /// Something the user may switch on: what it is called, and what it changes in the request.
    struct Capability: Sendable {
        let id: String
        /// As clients see it: without ``options``, which are nobody's business.
        let json: JSONValue
        let options: [String: JSONValue]
    }

    struct Invalid: Error, CustomStringConvertible {
        let description: String
    }

    /// Like `https://api.openai.com/v1`, without a slash at its end.
    var baseURL: String
    var apiKey: String?
    var model: String
    var systemPrompt: String?
    var capabilities: [Capability] = []
    /// Bound of the wait for the server's head, and of every silence after it.
    var timeoutSeconds = 60
    /// The session type's `webhook_secret`; with it, only the engine is let in.
    var webhookSecret: String?

    init(baseURL: String, model: String) {
        var baseURL = baseURL
        while baseURL.hasSuffix("/") { baseURL.removeLast() }
        self.baseURL = baseURL
        self.model = model
    }

    /// What the bridge decides itself.
    private static let ownOptions: Set<String> = ["messages", "n", "stream", "stream_options"]

    /// Reads a file of capabilities: a JSON array of objects with an `id`, whatever clients are to see of them, and
    /// `options`, which are parameters of `/chat/completions`.
    ///
    /// - Throws: ``Invalid``, or why the file cannot be read.
    static func capabilities(inFile path: String) throws -> [Capability] {
        try capabilities(try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    static func capabilities(_ json: Data) throws -> [Capability] {
        var ids: Set<String> = []
        return try JSONDecoder().decode([[String: JSONValue]].self, from: json).map { members in
            guard let id = members["id"]?.stringValue, !id.isEmpty else {
                throw Invalid(description: "a capability has no id")
            }
            guard ids.insert(id).inserted else { throw Invalid(description: "two capabilities have the id '\(id)'") }
            guard case .object(let options) = members["options"] ?? [:] else {
                throw Invalid(description: "the options of '\(id)' are no object")
            }
            if let name = options.keys.first(where: ownOptions.contains) {
                throw Invalid(description: "'\(id)' sets '\(name)', which the bridge does itself")
            }
            let shown = members.filter { $0.key != "options" }
            return Capability(id: id, json: .object(shown), options: options)
        }
    }

    /// The body of a request to `/chat/completions`.
    func request(_ messages: [JSONValue], enabling ids: [String]) -> JSONValue {
        var body: [String: JSONValue] = ["model": .string(model)]
        for id in ids {
            guard let capability = capabilities.first(where: { $0.id == id }) else { continue }
            body.merge(capability.options) { _, later in later }
        }
        body["messages"] = .array(messages)
        body["stream"] = true
        body["stream_options"] = ["include_usage": true]
        return .object(body)
    }
}
