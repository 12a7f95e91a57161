/// Carries signals between nodes: fast, and allowed to lose them. What must not be lost is in the database.
public protocol SignalBus: Sendable {
    /// Sends `payload` to every node subscribed to `channel`.
    ///
    /// - Returns: how many subscribers the signal was handed to.
    /// - Throws: ``SignalBusError`` when the bus is out of reach or does not answer in time.
    @discardableResult
    func publish(_ payload: [UInt8], on channel: SignalChannel) async throws -> Int

    /// Has `receive` called for everything that arrives on `channel`, in order, until the subscription is cancelled.
    ///
    /// Returns once the subscription is in force, or at once when the bus is out of reach: then it takes force with the
    /// next connection. `receive` is called on the bus's own thread: it must not block.
    func subscribe(
        to channel: SignalChannel,
        receive: @escaping @Sendable (SignalDelivery) -> Void
    ) async -> any SignalSubscription

    /// Whether the bus can be reached now; for readiness.
    var isConnected: Bool { get }
}

/// One subscription; the channel is left when the last of its subscriptions is cancelled.
public protocol SignalSubscription: Sendable {
    func cancel()
}

public enum SignalDelivery: Hashable, Sendable {
    case signal([UInt8])
    /// The connection was lost and is back, and this channel is subscribed again: what was sent in between is lost, read
    /// the database.
    case restored
}

public struct SignalBusError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        case notConnected, timedOut, connectionLost, refused, queueFull
    }

    public let code: Code
    public let message: String
    public let underlyingError: (any Error)?

    public init(_ code: Code, _ message: String, underlyingError: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.underlyingError = underlyingError
    }

    public var description: String {
        "\(code.rawValue): \(message)\(underlyingError.map { " (\($0))" } ?? "")"
    }
}

/// The name of a channel on the bus.
public struct SignalChannel: Hashable, Sendable, CustomStringConvertible {
    public let name: String

    public init(name: String) {
        self.name = name
    }

    /// Push events of one client, as published by the relay. The name is plain ASCII, so that names are equal as texts
    /// where the ids are equal byte by byte.
    public static func events(of client: ClientID) -> SignalChannel {
        var name = "chat-engine:events:"
        for byte in client.rawValue.utf8 {
            if (0x21...0x7E).contains(byte), byte != UInt8(ascii: "%") {
                name.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                name += byte < 16 ? "%0\(String(byte, radix: 16))" : "%\(String(byte, radix: 16))"
            }
        }
        return SignalChannel(name: name)
    }

    /// Requests and confirmations addressed to one node.
    public static func node(_ node: NodeID) -> SignalChannel {
        SignalChannel(name: "chat-engine:node:\(node)")
    }

    /// Tells relays that events were committed and wait in the outbox.
    public static let outbox = SignalChannel(name: "chat-engine:outbox")

    public var description: String { name }
}
