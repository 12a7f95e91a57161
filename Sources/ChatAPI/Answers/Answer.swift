internal import ChatCore
internal import Hummingbird

/// Makes answers with a JSON body.
enum Answer {
    private static let jsonHeaders: HTTPFields = [
        .contentType: "application/json; charset=utf-8",
        .cacheControl: "private, no-cache",
        .vary: "Authorization",
    ]

    static let entityHeaders: HTTPFields = [
        .cacheControl: "private, no-cache",
        .vary: "Authorization",
    ]

    /// Of what anybody may read and caches may hand on.
    static let publicEntityHeaders: HTTPFields = [.cacheControl: "public, max-age=5, must-revalidate"]

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

    /// The answer to what made something, and where that is.
    static func created(_ answer: OperationAnswer) -> Response {
        var response = json(answer.body, status: .created)
        if let location = answer.location {
            response.headers.append(HTTPHeader(name: .location, value: RESTPath.base + location))
        }
        return response
    }

    /// The answer to a `GET`: with a strong entity tag, or 304 when the client has it already (RFC 9110, section 13.1.2).
    static func entity(
        _ bytes: [UInt8],
        for request: Request,
        headers entityHeaders: HTTPFields = entityHeaders,
        contentType: String = "application/json; charset=utf-8"
    ) -> Response {
        let tag = EntityTag(of: bytes)
        var headers = entityHeaders
        if let known = request.headers[.ifNoneMatch], let named = tag.text(namedIn: known) {
            headers.append(HTTPHeader(name: .eTag, value: named))
            if bytes.count > Compression.sparedBytes { Compression.vary(&headers) }
            var response = Response(status: .notModified, headers: headers)
            // It would tell the length of the answer that is not sent.
            response.headers[.contentLength] = nil
            return response
        }
        headers.append(HTTPHeader(name: .eTag, value: tag.text))
        headers.append(HTTPHeader(name: .contentType, value: contentType))
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
