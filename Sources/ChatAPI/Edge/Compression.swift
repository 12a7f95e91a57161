internal import Hummingbird

/// Sends longer answers in gzip to clients that accept it (RFC 9110, sections 8.4 and 12.5.3).
enum Compression {
    /// Longest answer that is sent as it is to everybody.
    static let sparedBytes = 1024

    private static let coding = "gzip"
    private static let mediaTypes = ["application/json", "application/yaml"]

    /// Encodes the answer if it is worth it and the client accepts it. A file to be kept is left alone: it is streamed, and
    /// to be held in memory by nobody.
    static func apply(to response: inout Response, of request: Request) async throws {
        guard let length = response.body.contentLength, length > sparedBytes,
            let type = response.headers[.contentType], mediaTypes.contains(where: type.hasPrefix),
            !response.headers.contains(.contentDisposition)
        else { return }
        vary(&response.headers)
        guard isAccepted(by: request) else { return }
        let body = CollectedBody()
        try await response.body.write(body)
        response.body = ResponseBody(byteBuffer: try Gzip.compress(body.buffer))
        response.headers[.contentEncoding] = coding
        if let tag = response.headers[.eTag] { response.headers[.eTag] = EntityTag.encoded(tag) }
    }

    /// Says that the answer depends on what encodings the client accepts.
    static func vary(_ headers: inout HTTPFields) {
        headers.append(HTTPHeader(name: .vary, value: "Accept-Encoding"))
    }

    /// Whether gzip is among the codings accepted, by name or as one of any.
    private static func isAccepted(by request: Request) -> Bool {
        guard let header = request.headers[.acceptEncoding] else { return false }
        if header == coding { return true }
        var isAnyAccepted = false
        for element in header.lowercased().split(separator: ",") {
            let parts = element.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }
            let isAccepted = weight.map { Double($0.dropFirst(2)).map { $0 > 0 } ?? false } ?? true
            switch parts.first {
            case coding, "x-gzip": return isAccepted
            case "*": isAnyAccepted = isAccepted
            default: break
            }
        }
        return isAnyAccepted
    }
}
