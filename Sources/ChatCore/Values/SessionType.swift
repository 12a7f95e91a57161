/// A named backend configuration, made by an administrator.
public struct SessionType: Hashable, Sendable {
    public struct CircuitBreaker: Hashable, Sendable {
        /// Consecutive failures that open the circuit.
        public var failureThreshold: Int
        public var openSeconds: Int
        /// Calls let through to probe a backend whose circuit was open.
        public var halfOpenMaxCalls: Int

        public init(failureThreshold: Int = 5, openSeconds: Int = 30, halfOpenMaxCalls: Int = 1) {
            self.failureThreshold = failureThreshold
            self.openSeconds = openSeconds
            self.halfOpenMaxCalls = halfOpenMaxCalls
        }
    }

    public struct Summarization: Hashable, Sendable {
        public var enabled: Bool
        public var serviceURL: String?
        public var settings: JSONObject?

        public init(enabled: Bool, serviceURL: String? = nil, settings: JSONObject? = nil) {
            self.enabled = enabled
            self.serviceURL = serviceURL
            self.settings = settings
        }
    }

    public var id: SessionTypeID
    public var name: String
    public var description: String?
    public var webhookURL: String
    /// One secret or, while it is being changed, two with a space between them. Write-only: never part of an answer.
    public var webhookSecret: String?
    /// Bound of the wait for a response head and of every silence between two reads, 1…300.
    public var timeoutSeconds: Int
    /// Bound of a whole answer, 1…3600.
    public var maxDurationSeconds: Int
    /// Connections to the backend per node, 1…10000.
    public var maxConnections: Int
    /// The newest messages a backend is sent; `nil` for all.
    public var historyLimit: Int?
    public var circuitBreaker: CircuitBreaker
    public var summarization: Summarization?
    public var meta: JSONObject?

    public init(
        id: SessionTypeID,
        name: String,
        description: String? = nil,
        webhookURL: String,
        webhookSecret: String? = nil,
        timeoutSeconds: Int = 30,
        maxDurationSeconds: Int = 300,
        maxConnections: Int = 1024,
        historyLimit: Int? = nil,
        circuitBreaker: CircuitBreaker = CircuitBreaker(),
        summarization: Summarization? = nil,
        meta: JSONObject? = nil
    ) {
        self.id = id
        self.name = name
        self.description = description
        self.webhookURL = webhookURL
        self.webhookSecret = webhookSecret
        self.timeoutSeconds = timeoutSeconds
        self.maxDurationSeconds = maxDurationSeconds
        self.maxConnections = maxConnections
        self.historyLimit = historyLimit
        self.circuitBreaker = circuitBreaker
        self.summarization = summarization
        self.meta = meta
    }
}
