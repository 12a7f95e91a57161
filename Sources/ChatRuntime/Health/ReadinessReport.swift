internal import ChatCore

/// The answer of `/readyz`.
public struct ReadinessReport: Hashable, Sendable {
    public struct Check: Hashable, Sendable {
        public let name: String
        public let state: DependencyState
    }

    public let isDraining: Bool
    /// In the order of registration; empty while the process drains.
    public let checks: [Check]

    public var isReady: Bool { !isDraining && !checks.contains(where: \.state.isObstacle) }

    /// `{"status": "ready" | "not ready" | "draining", "checks": {"database": "ok", …}}`.
    var json: JSONValue {
        let status = isDraining ? "draining" : isReady ? "ready" : "not ready"
        return [
            "status": .string(status),
            "checks": .object(JSONObject(checks.map { ($0.name, .string($0.state.words)) })),
        ]
    }
}
