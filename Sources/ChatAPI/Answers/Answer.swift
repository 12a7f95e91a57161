internal import ChatCore
internal import Hummingbird

/// Makes answers with a JSON body.
enum Answer {
    private static let jsonHeaders: HTTPFields = [
        .contentType: "application/json; charset=utf-8",
        .cacheControl: "private, no-cache",
    ]

    private static let entityHeaders: HTTPFields = [
        .cacheControl: "private, no-cache",
        .vary: "Authorization",
    ]

    static func json(_ bytes: [UInt8], status: HTTPResponse.Status = .ok) -> Response {
        Response(status: status, headers: jsonHeaders, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    static func json(_ value: JSONValue, status: HTTPResponse.Status = .ok) -> Response {
        json(value.bytes, status: status)
    }

    static func created(_ value: JSONValue, at location: String) -> Response {
        var response = json(value.bytes, status: .created)
        response.headers.append(HTTPHeader(name: .location, value: location))
        return response
    }

    /// The answer to a `GET`: with a strong entity tag, or 304 when the client has it already (RFC 9110, section 13.1.2).
    static func entity(_ bytes: [UInt8], for request: Request) -> Response {
        let tag = EntityTag(of: bytes)
        var headers = entityHeaders
        headers.append(HTTPHeader(name: .eTag, value: tag.text))
        if let known = request.headers[.ifNoneMatch], tag.isNamed(in: known) {
            var response = Response(status: .notModified, headers: headers)
            // It would tell the length of the answer that is not sent.
            response.headers[.contentLength] = nil
            return response
        }
        headers.append(HTTPHeader(name: .contentType, value: "application/json; charset=utf-8"))
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
