import ChatCore
import Hummingbird
import Testing

@testable import ChatAPI

/// Which answers are sent in gzip, and to whom.
struct CompressionTests {
    private static func encoded(
        _ bytes: Int,
        accepting coding: String?,
        type: String = "application/json; charset=utf-8"
    ) async throws -> Response {
        let body = ByteBuffer(repeating: UInt8(ascii: "a"), count: bytes)
        let headers: HTTPFields = [.contentType: type, .eTag: "\"tag\""]
        var response = Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: body))
        var fields: HTTPFields = [:]
        fields[.acceptEncoding] = coding
        let head = HTTPRequest(method: .get, scheme: nil, authority: nil, path: "/", headerFields: fields)
        try await Compression.apply(to: &response, of: Request(head: head, body: RequestBody(buffer: ByteBuffer())))
        return response
    }

    @Test(
        "gzip is used when it is accepted",
        arguments: ["gzip", "deflate, GZIP;q=0.5", "x-gzip", "*", "br, * ;q=0.1"]
    )
    func accepted(_ header: String) async throws {
        let response = try await Self.encoded(4096, accepting: header)
        #expect(response.headers[.contentEncoding] == "gzip")
        #expect(response.headers[.eTag] == "\"tag-gzip\"")
        #expect(response.headers[.vary] == "Accept-Encoding")
        let length = try #require(response.body.contentLength)
        #expect(length < 100)
        #expect(response.headers[.contentLength] == "\(length)")
        let collected = CollectedBody()
        try await response.body.write(collected)
        #expect(Array(collected.buffer.readableBytesView.prefix(3)) == [0x1F, 0x8B, 8])
    }

    @Test(
        "gzip is not used when it is not accepted",
        arguments: [nil, "", "deflate", "gzip;q=0, *", "*;q=0", "gzip;q=x"]
    )
    func refused(_ header: String?) async throws {
        let response = try await Self.encoded(4096, accepting: header)
        #expect(response.headers[.contentEncoding] == nil)
        #expect(response.headers[.eTag] == "\"tag\"")
        #expect(response.headers[.vary] == "Accept-Encoding")
        #expect(response.body.contentLength == 4096)
    }

    @Test(
        "Short answers and other media types are sent as they are",
        arguments: [(1024, "application/json"), (4096, "text/plain")]
    )
    func spared(_ bytes: Int, _ type: String) async throws {
        let response = try await Self.encoded(bytes, accepting: "gzip", type: type)
        #expect(response.headers[.contentEncoding] == nil)
        #expect(response.headers[.vary] == nil)
        #expect(response.body.contentLength == bytes)
    }

    @Test("Whoever names the tag of the gzip form has the answer, and is told that tag")
    func tags() {
        let tag = EntityTag(of: [1, 2, 3])
        let encoded = EntityTag.encoded(tag.text)
        #expect(encoded.hasSuffix("-gzip\""))
        #expect(tag.text(namedIn: tag.text) == tag.text)
        #expect(tag.text(namedIn: "\"x\", W/\(encoded)") == encoded)
        #expect(tag.text(namedIn: "*") == tag.text)
        #expect(tag.text(namedIn: "\"x\"") == nil)
    }
}
