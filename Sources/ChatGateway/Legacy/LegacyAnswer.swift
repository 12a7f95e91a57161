import ChatCore

/// How an operation of the first protocol came out.
enum LegacyAnswer: Sendable {
    /// The body that REST would have answered with.
    case result([UInt8])
    case failure(ChatError)
    /// The Error shape that an earlier envelope of this id was answered with.
    case failedBefore(JSONValue)
}

extension LegacyAnswer {
    /// Longest body that is kept.
    static let maximumKeptBytes = 8_388_608

    private enum Kind: String {
        case result, error
    }

    /// A line that says what it is, and the body. `nil` for what another attempt may change, and for what is too long.
    func kept(traceID: String) -> [UInt8]? {
        let (kind, body): (Kind, [UInt8])
        switch self {
        case .result(let bytes): (kind, body) = (.result, bytes)
        case .failure(let error) where error.code.isLasting: (kind, body) = (.error, error.json(traceID: traceID).bytes)
        case .failure, .failedBefore: return nil
        }
        guard body.count <= Self.maximumKeptBytes else { return nil }
        return Array("\(kind.rawValue)\n".utf8) + body
    }

    /// `nil` for what ``kept(traceID:)`` does not give.
    init?(kept bytes: [UInt8]) {
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let body = bytes[(end + 1)...]
        switch Kind(rawValue: String(decoding: bytes[..<end], as: UTF8.self)) {
        case .result: self = .result(Array(body))
        case .error:
            guard let shape = try? JSONParser.parse(body), shape.objectValue != nil else { return nil }
            self = .failedBefore(shape)
        case nil: return nil
        }
    }
}

extension ChatError.Code {
    /// Another attempt would come to the same.
    fileprivate var isLasting: Bool { !isFault && self != .rateLimitExceeded }
}
