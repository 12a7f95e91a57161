internal import ChatCore
internal import Hummingbird

/// An answer in the form in which it is kept: its status, the headers that belong to it, and its body.
struct KeptAnswer: Sendable {
    /// Longest body that is kept.
    static let maximumBodyBytes = 8_388_608

    private static let headers: [HTTPHeader.Name] = [.contentType, .cacheControl, .location, .vary]

    private let status: Int
    private let fields: HTTPFields
    /// The id of the request that it was given to first.
    private let requestID: String
    private let body: [UInt8]

    /// `nil` for what another attempt may change, an error of ours, a conflict or too much in too short a time, and for a
    /// body that is streamed or too long.
    init?(_ response: Response, requestID: String) async throws {
        guard response.status.code < 500, response.status != .tooManyRequests, response.status != .conflict,
            let length = response.body.contentLength, length <= Self.maximumBodyBytes
        else { return nil }
        status = response.status.code
        fields = HTTPFields(response.headers.filter { Self.headers.contains($0.name) })
        self.requestID = requestID
        let collected = CollectedBody()
        try await response.body.write(collected)
        body = Array(collected.buffer.readableBytesView)
    }

    /// A line of JSON, and the body as it is.
    var bytes: [UInt8] {
        let head: JSONValue = [
            "status": .integer(status),
            "headers": .array(fields.map { .array([.string($0.name.canonicalName), .string($0.value)]) }),
            "request_id": .string(requestID),
        ]
        return head.bytes + [UInt8(ascii: "\n")] + body
    }

    /// `nil` for what ``bytes`` does not give.
    init?(_ bytes: [UInt8]) {
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")),
            let head = try? JSONParser.parse(bytes[..<end]), case .number(let status)? = head["status"],
            let status = status.integer.flatMap(Int.init(exactly:)), (100...999).contains(status),
            let fields = head["headers"]?.arrayValue, let requestID = head["request_id"]?.stringValue
        else { return nil }
        self.status = status
        self.fields = HTTPFields(
            fields.compactMap { field in
                guard let pair = field.arrayValue, pair.count == 2, let name = pair[0].stringValue,
                    let name = HTTPHeader.Name(name), let value = pair[1].stringValue
                else { return nil }
                return HTTPHeader(name: name, value: value)
            }
        )
        self.requestID = requestID
        body = Array(bytes[(end + 1)...])
    }

    /// The answer once more, marked as such.
    var response: Response {
        var headers = fields
        headers.append(HTTPHeader(name: .requestID, value: requestID))
        headers.append(HTTPHeader(name: .idempotentReplayed, value: "true"))
        return Response(
            status: HTTPResponse.Status(code: status),
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body))
        )
    }
}
