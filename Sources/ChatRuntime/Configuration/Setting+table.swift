internal import ChatCore

extension Setting {
    /// Every setting there is, in the order of the documentation.
    public static let all: [Setting] =
        services + tokens + listeners + addresses + logging + lifeCycle + requestLimits + connectionLimits + streams
        + exports

    /// The settings one executable reads.
    static func read(by role: Node.Role) -> [Setting] {
        all.filter { $0.roles.contains(role) }
    }

    private static let services: [Setting] = [
        databaseURL, databasePoolSize, databaseStatementTimeout, redisURL,
    ]
    private static let tokens: [Setting] = [jwtSecret, jwtSecretFile, jwtIssuer, jwtAudience, jwtClientClaim]
    private static let listeners: [Setting] = [host, port, adminPort, nodeID]
    private static let addresses: [Setting] = [publicBaseURL, allowedOrigins, webhookAllowPrivate]
    private static let logging: [Setting] = [logLevel, logFormat]
    private static let lifeCycle: [Setting] = [drainSeconds, nodeLeaseSeconds]
    private static let requestLimits: [Setting] = [maximumBodyBytes, maximumEventWaits]
    private static let connectionLimits: [Setting] = [
        maximumConnections, maximumConnectionsPerClient, maximumMessagesPerSecond, maximumRefusedMessages,
        refusedMessagesWindowSeconds, maximumBadInputs, badInputWindowSeconds, maximumPayloadBytes, pingIntervalSeconds,
        pongTimeoutSeconds, authenticationTimeoutSeconds, slowConsumerSeconds,
    ]
    private static let streams: [Setting] = [maximumConcurrentStreams, streamGraceSeconds, migrationPhase]
    private static let exports: [Setting] = [
        dataDirectory, exportStore, exportSigningKey, s3Endpoint, s3Region, awsAccessKeyID, awsSecretAccessKey,
        awsSessionToken,
    ]
}

extension Setting {
    static let databaseURL = Setting(
        "DATABASE_URL",
        .text,
        .required,
        Node.Role.all,
        secrecy: .holdsPassword,
        "PostgreSQL: `postgresql://…` or any other libpq connection string, TLS options included."
    )
    static let databasePoolSize = Setting(
        "DATABASE_POOL_SIZE",
        .integer(1...1000),
        .computed("2 × cores, at least 4"),
        Node.Role.all,
        "Connections to PostgreSQL."
    )
    static let databaseStatementTimeout = Setting(
        "DATABASE_STATEMENT_TIMEOUT_MS",
        .integer(100...600_000),
        .value("10000"),
        Node.Role.all,
        "Milliseconds after which PostgreSQL gives up a statement."
    )
    static let redisURL = Setting(
        "REDIS_URL",
        .text,
        .required,
        Node.Role.all,
        secrecy: .holdsPassword,
        "Redis: `redis://…`, `rediss://…` (TLS) or `unix://…`."
    )

    static let jwtSecret = Setting(
        "JWT_SECRET",
        .text,
        .absent,
        [.api, .gateway],
        secrecy: .secret,
        "Key of the HS256 tokens, at least 32 bytes. This or `JWT_SECRET_FILE` must be set, not both."
    )
    static let jwtSecretFile = Setting(
        "JWT_SECRET_FILE",
        .text,
        .absent,
        [.api, .gateway],
        "File that holds the key; a line end after it is not part of it."
    )
    static let jwtIssuer = Setting(
        "JWT_ISSUER",
        .text,
        .absent,
        [.api, .gateway],
        "What `iss` of a token must be; any when not set."
    )
    static let jwtAudience = Setting(
        "JWT_AUDIENCE",
        .text,
        .absent,
        [.api, .gateway],
        "What `aud` of a token must contain; any when not set."
    )
    static let jwtClientClaim = Setting(
        "JWT_CLIENT_CLAIM",
        .text,
        .value("client_id"),
        [.api, .gateway],
        "The claim that names the client; `sub` stands in where a token has none."
    )
}

extension Setting {
    static let host = Setting(
        "HOST",
        .text,
        .value("127.0.0.1"),
        Node.Role.all,
        "Address the public and the administration listener bind to."
    )
    static let port = Setting(
        "PORT",
        .integer(0...65535),
        .perRole([.api: "8101", .gateway: "8201"]),
        [.api, .gateway],
        "Port of the public listener; 0 takes any free one."
    )
    static let adminPort = Setting(
        "ADMIN_PORT",
        .integer(0...65535),
        .perRole([.api: "9101", .gateway: "9201", .bus: "9301"]),
        Node.Role.all,
        "Port of `/healthz`, `/readyz` and `/metrics`; 0 takes any free one."
    )
    static let nodeID = Setting(
        "NODE_ID",
        .text,
        .computed("host name and process id"),
        Node.Role.all,
        "Name of the process in logs and in `connection.ready`."
    )
    static let publicBaseURL = Setting(
        "PUBLIC_BASE_URL",
        .text,
        .value("http://127.0.0.1:8080"),
        [.api, .gateway],
        "Where clients reach the engine: the start of share and download URLs."
    )
    static let allowedOrigins = Setting(
        "ALLOWED_ORIGINS",
        .list,
        .computed("the public base URL"),
        [.api, .gateway],
        "Origins of web pages that may call (CORS and WebSocket), separated by commas; `*` for any."
    )
    static let webhookAllowPrivate = Setting(
        "WEBHOOK_ALLOW_PRIVATE",
        .boolean,
        .value("false"),
        Node.Role.all,
        "Whether backends may have loopback and private addresses."
    )
    static let logLevel = Setting(
        "LOG_LEVEL",
        .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"]),
        .value("info"),
        Node.Role.all,
        "The least severe records that are written."
    )
    static let logFormat = Setting(
        "LOG_FORMAT",
        .choice(["json", "text"]),
        .computed("`json`; `text` on a terminal"),
        Node.Role.all,
        "One JSON object a line, or lines for people; both on standard error."
    )
    static let drainSeconds = Setting(
        "DRAIN_SECONDS",
        .integer(0...3600),
        .value("30"),
        Node.Role.all,
        "Seconds that running requests and streams may still take after SIGTERM."
    )
    static let nodeLeaseSeconds = Setting(
        "NODE_LEASE_SECONDS",
        .integer(3...60),
        .value("8"),
        [.api, .gateway],
        "Seconds without a sign of life after which others take a node for dead and close its streams."
    )
}

extension Setting {
    static let maximumBodyBytes = Setting(
        "MAX_BODY_BYTES",
        .integer(1024...67_108_864),
        .value("1048576"),
        [.api],
        "Largest request body, in bytes."
    )
    static let maximumEventWaits = Setting(
        "MAX_EVENT_WAITS",
        .integer(1...1_000_000),
        .value("2000"),
        [.api],
        "Requests for push events that may wait at the node at once; one more is answered 503."
    )
    static let maximumConnections = Setting(
        "MAX_CONNECTIONS",
        .integer(1...1_000_000),
        .value("20000"),
        [.gateway],
        "WebSocket connections of the node; one more is closed with 1013."
    )
    static let maximumConnectionsPerClient = Setting(
        "MAX_CONNECTIONS_PER_CLIENT",
        .integer(1...100_000),
        .value("100"),
        [.gateway],
        "WebSocket connections of one client on the node; one more is closed with 4429."
    )
    static let maximumMessagesPerSecond = Setting(
        "MAX_MESSAGES_PER_SECOND",
        .integer(1...100_000),
        .value("50"),
        [.gateway],
        "Messages a second a connection may send, with bursts of twice as many; one more is refused."
    )
    static let maximumRefusedMessages = Setting(
        "MAX_REFUSED_MESSAGES",
        .integer(1...1000),
        .value("20"),
        [.gateway],
        "Messages over `MAX_MESSAGES_PER_SECOND` within the window that close a connection with 4429."
    )
    static let refusedMessagesWindowSeconds = Setting(
        "REFUSED_MESSAGES_WINDOW_SECONDS",
        .integer(1...3600),
        .value("10"),
        [.gateway],
        "Seconds a refused message counts."
    )
    static let maximumBadInputs = Setting(
        "MAX_BAD_INPUTS",
        .integer(1...1000),
        .value("20"),
        [.gateway],
        "Bad messages within the window that close a connection with 1008."
    )
    static let badInputWindowSeconds = Setting(
        "BAD_INPUT_WINDOW_SECONDS",
        .integer(1...3600),
        .value("60"),
        [.gateway],
        "Seconds a bad message counts."
    )
    static let maximumPayloadBytes = Setting(
        "MAX_PAYLOAD_BYTES",
        .integer(1024...67_108_864),
        .value("1048576"),
        [.gateway],
        "Largest WebSocket message, fragments summed, in bytes; a larger one closes the connection with 1009."
    )
    static let pingIntervalSeconds = Setting(
        "PING_INTERVAL_SECONDS",
        .integer(1...3600),
        .value("30"),
        [.gateway],
        "Seconds between pings."
    )
    static let pongTimeoutSeconds = Setting(
        "PONG_TIMEOUT_SECONDS",
        .integer(2...7200),
        .value("60"),
        [.gateway],
        "Seconds without a pong or another frame that end a connection; more than `PING_INTERVAL_SECONDS`."
    )
    static let authenticationTimeoutSeconds = Setting(
        "AUTH_TIMEOUT_SECONDS",
        .integer(1...300),
        .value("10"),
        [.gateway],
        "Seconds a connection without a token in its handshake has to send `auth`."
    )
    static let slowConsumerSeconds = Setting(
        "SLOW_CONSUMER_SECONDS",
        .integer(1...3600),
        .value("60"),
        [.gateway],
        "Seconds in which a client whose buffer is full has to take 128 KiB; otherwise it is closed with 4408."
    )
    static let maximumConcurrentStreams = Setting(
        "MAX_CONCURRENT_STREAMS",
        .integer(1...1024),
        .value("16"),
        [.gateway],
        "Streams one connection may run at once; as many operations of the first protocol may run beside them."
    )
    static let streamGraceSeconds = Setting(
        "STREAM_GRACE_SECONDS",
        .integer(0...3600),
        .value("30"),
        [.gateway],
        "Seconds a client that asked for `on_disconnect: \"cancel\"` has to come back before its stream is abandoned."
    )
    static let migrationPhase = Setting(
        "MIGRATION_PHASE",
        .integer(1...5),
        .value("5"),
        [.gateway],
        "Which operations of the first protocol are still served over the WebSocket: 1 and 2 all, 3 those that change "
            + "something, 4 and 5 none; see migration.md."
    )
}
