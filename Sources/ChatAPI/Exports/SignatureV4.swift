internal import ChatCore
internal import ChatRuntime
internal import Crypto
internal import FoundationEssentials

/// Amazon's Signature Version 4 (AWS documentation, 'Create a signed AWS API request').
struct SignatureV4: Sendable {
    let accessKeyID: String
    let secretAccessKey: Secret
    let region: String
    var service = "s3"

    private static let algorithm = "AWS4-HMAC-SHA256"
    /// Stands for the hash of a body that is not part of the signature.
    static let unsignedPayload = "UNSIGNED-PAYLOAD"

    /// What is signed of a request.
    struct Request {
        var method: String
        /// Percent-encoded, with its first slash.
        var path: String
        /// Decoded names and values.
        var query: [(name: String, value: String)] = []
        /// `host` among them; all of them are signed. Names are in lower case.
        var headers: [(name: String, value: String)]
        /// SHA-256 of the body in hexadecimal digits, or ``SignatureV4/unsignedPayload``.
        var payloadHash: String
    }

    /// The `authorization` header of a request that carries its date in `x-amz-date`.
    func authorization(of request: Request, at time: Timestamp) -> String {
        let signature = signature(of: request, at: time)
        return "\(Self.algorithm) Credential=\(accessKeyID)/\(scope(at: time)), "
            + "SignedHeaders=\(Self.signedHeaders(of: request)), Signature=\(signature)"
    }

    /// The query of a URL that is good for `seconds` without further headers than those of the request.
    func presignedQuery(of request: Request, at time: Timestamp, seconds: Int, sessionToken: Secret?) -> String {
        var request = request
        request.query += [
            ("X-Amz-Algorithm", Self.algorithm),
            ("X-Amz-Credential", "\(accessKeyID)/\(scope(at: time))"),
            ("X-Amz-Date", Self.date(time)),
            ("X-Amz-Expires", "\(seconds)"),
            ("X-Amz-SignedHeaders", Self.signedHeaders(of: request)),
        ]
        if let sessionToken { request.query.append(("X-Amz-Security-Token", sessionToken.value)) }
        return "\(Self.canonicalQuery(of: request))&X-Amz-Signature=\(signature(of: request, at: time))"
    }

    /// Hexadecimal digits of SHA-256.
    static func hash(_ bytes: [UInt8]) -> String { Hexadecimal.text(of: SHA256.hash(data: bytes)) }

    /// `20150830T123600Z`
    static func date(_ time: Timestamp) -> String {
        let text = time.description.utf8.prefix(19).filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: ":") }
        return String(decoding: text, as: UTF8.self) + "Z"
    }

    /// Percent-encodes all but the unreserved characters of RFC 3986, and the slashes of a path.
    static func encode(_ text: String, isPath: Bool = false) -> String {
        var result: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.append(byte)
            case UInt8(ascii: "/") where isPath:
                result.append(byte)
            default:
                result += "%\(Hexadecimal.text(of: [byte]).uppercased())".utf8
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    static func canonicalQuery(of request: Request) -> String {
        request.query
            .map { (name: encode($0.name), value: encode($0.value)) }
            // By name first: "a" comes before "a-b", though "a=" comes after "a-b=".
            .sorted { $0 < $1 }
            .map { "\($0.name)=\($0.value)" }
            .joined(separator: "&")
    }

    private func signature(of request: Request, at time: Timestamp) -> String {
        let canonicalRequest = [
            request.method, request.path, Self.canonicalQuery(of: request), Self.canonicalHeaders(of: request),
            Self.signedHeaders(of: request), request.payloadHash,
        ].joined(separator: "\n")
        let text = [
            Self.algorithm, Self.date(time), scope(at: time), Self.hash(Array(canonicalRequest.utf8)),
        ].joined(separator: "\n")
        var key = SymmetricKey(data: Array("AWS4\(secretAccessKey.value)".utf8))
        for part in [Self.day(time), region, service, "aws4_request"] {
            key = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: key))
        }
        return Hexadecimal.text(of: HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key))
    }

    private func scope(at time: Timestamp) -> String { "\(Self.day(time))/\(region)/\(service)/aws4_request" }

    private static func day(_ time: Timestamp) -> String { String(date(time).prefix(8)) }

    /// Each line ends, the last one too; white space within values counts once.
    private static func canonicalHeaders(of request: Request) -> String {
        request.headers.sorted { $0.name < $1.name }.map { header in
            "\(header.name):\(header.value.split(separator: " ").joined(separator: " "))\n"
        }.joined()
    }

    private static func signedHeaders(of request: Request) -> String {
        request.headers.map(\.name).sorted().joined(separator: ";")
    }
}
