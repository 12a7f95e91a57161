internal import ChatCore
internal import ChatRuntime
internal import NIOHTTP1

/// Keeps exports in a bucket. Its owner deletes old ones, and the parts of uploads that a dead node left, with a rule of
/// the bucket (lifecycle configuration).
final class S3ExportStore: ExportStore {
    /// Size of the parts of an upload; one is held in memory. 10,000 of them are the most S3 takes.
    static let partBytes = 8 << 20

    private let client: S3Client
    private let prefix: String
    private let partBytes: Int

    /// ``shutdown()`` must be called before the instance is let go.
    init(_ configuration: S3Configuration, partBytes: Int = S3ExportStore.partBytes) {
        client = S3Client(configuration)
        prefix = configuration.prefix.isEmpty ? "" : "\(configuration.prefix)/"
        self.partBytes = partBytes
    }

    func shutdown() async { await client.shutdown() }

    func begin(_ name: ExportName) async throws -> any ExportUpload {
        S3ExportUpload(client: client, name: name, key: key(of: name), partBytes: partBytes)
    }

    func link(to name: ExportName, validForSeconds seconds: Int) async throws -> ExportLink {
        let now = Timestamp(microsecondsSince1970: 0).advanced(bySeconds: Timestamp.now.secondsSince1970)
        return ExportLink(
            url: client.presignedURL(of: key(of: name), at: now, seconds: seconds),
            expiresAt: now.advanced(bySeconds: Int64(seconds))
        )
    }

    private func key(of name: ExportName) -> String { prefix + name.description }
}

/// An object that is put whole when it is small, and part by part when it is not. It is there when it is finished.
struct S3ExportUpload: ExportUpload {
    private let client: S3Client
    private let name: ExportName
    private let key: String
    private let partBytes: Int
    private var buffer: [UInt8] = []
    /// `nil` as long as one part is enough.
    private var uploadID: String?
    private var partTags: [String] = []

    init(client: S3Client, name: ExportName, key: String, partBytes: Int) {
        self.client = client
        self.name = name
        self.key = key
        self.partBytes = partBytes
    }

    mutating func write(_ bytes: [UInt8]) async throws {
        var rest = bytes[...]
        while buffer.count + rest.count > partBytes {
            let count = partBytes - buffer.count
            buffer += rest.prefix(count)
            rest = rest.dropFirst(count)
            try await sendPart()
        }
        buffer += rest
    }

    mutating func finish() async throws {
        guard let uploadID else {
            _ = try await client.send(S3Client.Request(method: .PUT, key: key, headers: headers, body: buffer))
            return
        }
        if !buffer.isEmpty { try await sendPart() }
        let parts = partTags.enumerated().map { index, tag in
            "<Part><PartNumber>\(index + 1)</PartNumber><ETag>\(Self.escaped(tag))</ETag></Part>"
        }
        let body =
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\(parts.joined())"
            + "</CompleteMultipartUpload>"
        _ = try await client.send(
            S3Client.Request(
                method: .POST,
                key: key,
                query: [("uploadId", uploadID)],
                headers: [("content-type", "application/xml")],
                body: Array(body.utf8)
            )
        )
    }

    mutating func abort() async {
        buffer = []
        guard let uploadID else { return }
        _ = try? await client.send(S3Client.Request(method: .DELETE, key: key, query: [("uploadId", uploadID)]))
    }

    private mutating func sendPart() async throws {
        let uploadID = try await begunUpload()
        let answer = try await client.send(
            S3Client.Request(
                method: .PUT,
                key: key,
                query: [("partNumber", "\(partTags.count + 1)"), ("uploadId", uploadID)],
                body: buffer
            )
        )
        guard let tag = answer.headers.first(name: "etag") else {
            throw ChatError.internalError(underlying: S3Client.Refusal(status: 200, code: "no ETag"))
        }
        partTags.append(tag)
        buffer.removeAll(keepingCapacity: true)
    }

    private mutating func begunUpload() async throws -> String {
        if let uploadID { return uploadID }
        let answer = try await client.send(
            S3Client.Request(method: .POST, key: key, query: [("uploads", "")], headers: headers)
        )
        guard let id = S3Client.element("UploadId", of: answer.body) else {
            throw ChatError.internalError(underlying: S3Client.Refusal(status: 200, code: "no UploadId"))
        }
        uploadID = id
        return id
    }

    /// What the object is downloaded with.
    private var headers: [(name: String, value: String)] {
        [
            ("cache-control", "private, no-store"),
            ("content-disposition", "attachment; filename=\"\(name.downloadName)\""),
            ("content-type", name.format.contentType),
        ]
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing("\"", with: "&quot;")
    }
}
