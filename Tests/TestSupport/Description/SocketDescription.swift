public import ChatCore

/// `docs/asyncapi.yaml`, which every frame in the tests is held against.
public struct SocketDescription: Sendable {
    /// An envelope of one type, as one side sends it.
    public struct Message: Sendable {
        /// What it is called in the file.
        public let key: String
        /// The `type` of the envelope.
        public let type: String
        /// Of the whole envelope.
        public let schema: JSONValue
        /// Whole envelopes.
        public let examples: [JSONValue]
    }

    /// What a client asks for and what it may be answered with.
    public struct Operation: Sendable {
        public let request: Message
        public let answers: [Message]
        /// The `operationId` of the REST operation that it stands for, of a legacy one.
        public let restOperation: String?
    }

    public let file: DescriptionFile
    public let operations: [Operation]
    /// Everything a server sends, in answer to something or of its own accord; each once.
    public let serverMessages: [Message]
    private let operationsByType: [String: Operation]

    public static func shared() throws -> SocketDescription { try loaded.get() }

    private static let loaded = Result { try SocketDescription(file: DescriptionFile(named: "asyncapi.yaml")) }

    private init(file: DescriptionFile) throws {
        self.file = file
        var operations: [Operation] = []
        var serverMessages: [String: Message] = [:]
        for (name, operation) in file.document["operations"]?.objectValue ?? [:] {
            let messages = try Self.messages(operation["messages"], in: file)
            switch operation["action"]?.stringValue {
            case "receive":
                let answers = try Self.messages(operation["reply"]?["messages"], in: file)
                guard let request = messages.first, messages.count == 1 else {
                    throw TestSupportError("the operation \(name) has \(messages.count) messages")
                }
                for answer in answers { serverMessages[answer.key] = answer }
                operations.append(
                    Operation(
                        request: request,
                        answers: answers,
                        restOperation: operation["x-rest-operation"]?.stringValue
                    )
                )
            case "send":
                for message in messages { serverMessages[message.key] = message }
            default:
                throw TestSupportError("the operation \(name) neither sends nor receives")
            }
        }
        self.operations = operations
        self.serverMessages = Array(serverMessages.values)
        operationsByType = Dictionary(operations.map { ($0.request.type, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The messages that references like `#/channels/ws/messages/Auth` lead to.
    private static func messages(_ references: JSONValue?, in file: DescriptionFile) throws -> [Message] {
        try (references?.arrayValue ?? []).map { reference in
            let message = file.resolve(reference)
            guard let key = reference["$ref"]?.stringValue?.split(separator: "/").last,
                let type = message["name"]?.stringValue, let schema = message["payload"]
            else { throw TestSupportError("no message is at \(reference.text)") }
            let examples = message["examples"]?.arrayValue ?? []
            return Message(
                key: String(key),
                type: type,
                schema: schema,
                examples: examples.compactMap { $0["payload"] }
            )
        }
    }

    /// The types of all envelopes that clients send.
    public var clientTypes: Set<String> { Set(operations.map(\.request.type)) }

    /// The types of all envelopes that servers send.
    public var serverTypes: Set<String> { Set(serverMessages.map(\.type)) }

    /// Everything that is wrong with what a client is about to send.
    public func faults(inRequest frame: JSONValue) -> [String] {
        let type = frame["type"]?.stringValue ?? ""
        guard let operation = operationsByType[type] else { return ["the type '\(type)' is not described"] }
        return faults(in: frame, asAnyOf: [operation.request])
    }

    /// Everything that is wrong with what a server has sent.
    ///
    /// - Parameter request: the type of the request that it answers; `nil` when that is not known.
    public func faults(inFrame frame: JSONValue, answering request: String? = nil) -> [String] {
        let type = frame["type"]?.stringValue ?? ""
        let operation = request.flatMap { operationsByType[$0] }
        let candidates = (operation?.answers ?? serverMessages).filter { $0.type == type }
        guard !candidates.isEmpty else {
            return [
                "the type '\(type)' is not described" + (operation.map { " as an answer to \($0.request.type)" } ?? "")
            ]
        }
        return faults(in: frame, asAnyOf: candidates)
    }

    /// None when the frame is as one of the messages; otherwise those of the message that fits best.
    private func faults(in frame: JSONValue, asAnyOf messages: [Message]) -> [String] {
        var nearest: [String] = []
        for message in messages {
            let faults = file.faults(in: frame, against: message.schema)
            if faults.isEmpty { return [] }
            if nearest.isEmpty || faults.count < nearest.count { nearest = faults }
        }
        return nearest
    }
}
