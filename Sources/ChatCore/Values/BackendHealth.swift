/// What a backend says of itself.
public struct BackendHealth: Hashable, Sendable {
    public enum Status: String, Sendable {
        case healthy, degraded, unhealthy
    }

    public var status: Status
    /// Of its software, in its own words; `nil` when it did not say.
    public var version: String?
    /// What it can do, in whatever form it says so.
    public var capabilities: [JSONValue]

    public init(status: Status, version: String?, capabilities: [JSONValue]) {
        self.status = status
        self.version = version
        self.capabilities = capabilities
    }

    public var json: JSONValue {
        [
            "status": .string(status.rawValue),
            "version": version.map { .string($0) } ?? .null,
            "capabilities": .array(capabilities),
        ]
    }
}
