/// Keeps the files of exports for as long as their links are valid, at least. Every method throws ``ChatError``:
/// `SERVICE_UNAVAILABLE` when the store is out of reach, `INTERNAL_ERROR` when it refuses.
public protocol ExportStore: Sendable {
    /// Begins a file. Nobody can read it before it is finished.
    func begin(_ name: ExportName) async throws -> any ExportUpload

    /// A link to a finished file, which works without a token and for `seconds` from now.
    func link(to name: ExportName, validForSeconds seconds: Int) async throws -> ExportLink
}

/// A file being written, piece by piece; no more than a few MiB of it are held in memory.
///
/// One of ``finish()`` and ``abort()`` is to be called, and nothing after it.
public protocol ExportUpload: Sendable {
    mutating func write(_ bytes: [UInt8]) async throws

    /// Makes the file readable under its name, whole.
    mutating func finish() async throws

    /// Takes back what was written, as far as the store can be reached.
    mutating func abort() async
}

/// Where an export can be downloaded, and until when.
public struct ExportLink: Hashable, Sendable {
    public var url: String
    public var expiresAt: Timestamp

    public init(url: String, expiresAt: Timestamp) {
        self.url = url
        self.expiresAt = expiresAt
    }
}
