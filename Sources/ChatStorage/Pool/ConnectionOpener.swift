import CLibPQ

/// A connection libpq has begun to make, or why there is none.
///
/// `@unchecked Sendable`: the handle is made on one thread, sent on to the I/O thread once, and never touched again by
/// the sender; libpq asks only that no two threads use a connection at the same time.
struct OpenedConnection: @unchecked Sendable {
    let id: ConnectionID
    let handle: Result<OpaquePointer, PostgresError>

    /// Closes a connection nobody wants any more.
    func discard() {
        if case .success(let handle) = handle { PQfinish(handle) }
    }
}

/// Begins to connect, away from the I/O thread: libpq looks host names up right there, and that blocks.
struct ConnectionOpener: Sendable {
    private let connectionString: String
    private let applicationName: String

    init(_ configuration: PostgresConfiguration) {
        connectionString = configuration.connectionString
        applicationName = configuration.applicationName
    }

    /// What the connection string may override comes before it, the rest after it.
    ///
    /// A peer that vanished without a word is noticed after about half a minute.
    ///
    /// - Throws: ``PostgresError/Code/invalidConnectionString``; libpq's own words on that may quote a password.
    func start() throws(PostgresError) -> OpaquePointer {
        try PostgresConfiguration.validate(connectionString: connectionString)
        let parameters: [(keyword: String, value: String)] = [
            ("application_name", applicationName),
            ("keepalives_idle", "15"),
            ("keepalives_interval", "5"),
            ("keepalives_count", "3"),
            ("tcp_user_timeout", "30000"),
            ("dbname", connectionString),
            ("client_encoding", "UTF8"),
        ]
        let handle = Self.withCStrings(parameters.map(\.keyword)) { keywords in
            Self.withCStrings(parameters.map(\.value)) { values in PQconnectStartParams(keywords, values, 1) }
        }
        guard let handle else { throw PostgresError(.notConnected, "libpq is out of memory.") }
        return handle
    }

    /// The strings as a C array that ends with a null pointer.
    private static func withCStrings<Result>(
        _ strings: [String],
        _ body: ([UnsafePointer<CChar>?]) -> Result
    ) -> Result {
        var bytes: [CChar] = []
        var offsets: [Int] = []
        for string in strings {
            offsets.append(bytes.count)
            bytes.append(contentsOf: string.utf8CString)
        }
        return bytes.withUnsafeBufferPointer { buffer in
            body(offsets.map { offset in buffer.baseAddress.map { $0 + offset } } + [nil])
        }
    }
}
