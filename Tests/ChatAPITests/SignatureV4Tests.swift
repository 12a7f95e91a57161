import ChatCore
import ChatRuntime
import Testing

@testable import ChatAPI

/// The examples that AWS has published: the Signature Version 4 test suite (as it stands in `suite.fixture.ts` of the AWS SDK
/// for JavaScript and in `aws-signing-test-suite` of aws-c-auth), and of the Amazon S3 API reference the pages 'Signature
/// Calculations for the Authorization Header: Transferring Payload in a Single Chunk (AWS Signature Version 4)' and
/// 'Authenticating Requests: Using Query Parameters (AWS Signature Version 4)'.
@Suite struct SignatureV4Tests {
    private static let emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    /// Of the test suite: 2015-08-30T12:36:00Z.
    private let suite = SignatureV4(
        accessKeyID: "AKIDEXAMPLE",
        secretAccessKey: Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        region: "us-east-1",
        service: "service"
    )
    private let suiteTime = Timestamp(microsecondsSince1970: 1_440_938_160_000_000)

    /// Of the API reference: 2013-05-24T00:00:00Z.
    private let storage = SignatureV4(
        accessKeyID: "AKIAIOSFODNN7EXAMPLE",
        secretAccessKey: Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        region: "us-east-1"
    )
    private let storageTime = Timestamp(microsecondsSince1970: 1_369_353_600_000_000)

    /// A request of the test suite by its name there, and the signature it has.
    struct Vector: CustomTestStringConvertible, Sendable {
        let testDescription: String
        var method = "GET"
        var path = ""
        var query: [(name: String, value: String)] = []
        var headers: [(name: String, value: String)] = []
        var body = ""
        let signature: String

        init(
            _ name: String,
            method: String = "GET",
            path: String = "",
            query: [(name: String, value: String)] = [],
            headers: [(name: String, value: String)] = [],
            body: String = "",
            _ signature: String
        ) {
            testDescription = name
            self.method = method
            self.path = path
            self.query = query
            self.headers = headers
            self.body = body
            self.signature = signature
        }
    }

    private static let unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    private static let sessionToken =
        "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUu"
        + "wthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQc"
        + "HNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/o"
        + "LxBA=="
    private static let form = "application/x-www-form-urlencoded"

    static let suiteOfGets: [Vector] = [
        Vector("get-vanilla", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        Vector(
            "get-header-value-trim",
            headers: [("my-header1", " value1"), ("my-header2", " \"a   b   c\"")],
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"
        ),
        Vector(
            "get-unreserved",
            path: unreserved,
            "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"
        ),
        Vector(
            "get-utf8",
            path: "\u{1234}",
            "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"
        ),
        Vector(
            "get-vanilla-empty-query-key",
            query: [("Param1", "value1")],
            "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"
        ),
        Vector(
            "get-vanilla-query-order-key-case",
            query: [("Param2", "value2"), ("Param1", "value1")],
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
        ),
        Vector(
            "get-vanilla-query-order-encoded",
            query: [("Param-3", "Value3"), ("Param", "Value2"), ("\u{1234}", "Value1")],
            "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"
        ),
        Vector(
            "get-vanilla-query-unreserved",
            query: [(unreserved, unreserved)],
            "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"
        ),
        Vector(
            "get-vanilla-utf8-query",
            query: [("\u{1234}", "bar")],
            "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"
        ),
    ]

    static let suiteOfPosts: [Vector] = [
        Vector("post-vanilla", method: "POST", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        Vector(
            "post-header-key-sort",
            method: "POST",
            headers: [("my-header1", "value1")],
            "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"
        ),
        Vector(
            "post-header-value-case",
            method: "POST",
            headers: [("my-header1", "VALUE1")],
            "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"
        ),
        Vector(
            "post-sts-header-before",
            method: "POST",
            headers: [("x-amz-security-token", sessionToken)],
            "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"
        ),
        Vector(
            "post-vanilla-query",
            method: "POST",
            query: [("Param1", "value1")],
            "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"
        ),
        Vector(
            "post-vanilla-query-nonunreserved",
            method: "POST",
            query: [("@#$%^", ""), ("+", #"/,?><`";:\|][{}"#)],
            "66c82657c86e26fb25238d0e69f011edc4c6df5ae71119d7cb98ed9b87393c1e"
        ),
        Vector(
            "post-x-www-form-urlencoded",
            method: "POST",
            headers: [("content-type", form)],
            body: "Param1=value1",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
        ),
        Vector(
            "post-x-www-form-urlencoded-parameters",
            method: "POST",
            headers: [("content-type", "\(form); charset=utf8")],
            body: "Param1=value1",
            "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"
        ),
    ]

    @Test(arguments: suiteOfGets + suiteOfPosts)
    func theTestSuite(vector: Vector) {
        let request = SignatureV4.Request(
            method: vector.method,
            path: "/" + SignatureV4.encode(vector.path, isPath: true),
            query: vector.query,
            headers: vector.headers + [("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z")],
            payloadHash: SignatureV4.hash(Array(vector.body.utf8))
        )
        let signedHeaders = request.headers.map(\.name).sorted().joined(separator: ";")
        #expect(
            suite.authorization(of: request, at: suiteTime)
                == "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                + "SignedHeaders=\(signedHeaders), Signature=\(vector.signature)"
        )
    }

    /// get-vanilla-with-session-token, signed in the query.
    @Test func aURLIsPresignedWithATemporaryKey() {
        let token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"
        let request = SignatureV4.Request(
            method: "GET",
            path: "/",
            headers: [("host", "example.amazonaws.com")],
            payloadHash: Self.emptyHash
        )
        let query = suite.presignedQuery(of: request, at: suiteTime, seconds: 3600, sessionToken: Secret(token))
        #expect(query.contains("&X-Amz-Security-Token=\(token)&"))
        let signature = "7ff2b50b376cb4d151970630573d6291dc128cc5c2a12ffb237f73cc53f67b6c"
        #expect(query.hasSuffix("&X-Amz-Signature=\(signature)"))
    }

    private func header(_ request: SignatureV4.Request) -> String {
        String(storage.authorization(of: request, at: storageTime).suffix(64))
    }

    private func headers(
        _ hash: String = emptyHash,
        _ more: [(name: String, value: String)] = []
    ) -> [(name: String, value: String)] {
        more + [
            ("host", "examplebucket.s3.amazonaws.com"), ("x-amz-content-sha256", hash),
            ("x-amz-date", "20130524T000000Z"),
        ]
    }

    @Test func anObjectIsGot() {
        let request = SignatureV4.Request(
            method: "GET",
            path: "/test.txt",
            headers: headers(Self.emptyHash, [("range", "bytes=0-9")]),
            payloadHash: Self.emptyHash
        )
        #expect(header(request) == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
    }

    @Test func anObjectIsPut() {
        let hash = SignatureV4.hash(Array("Welcome to Amazon S3.".utf8))
        let request = SignatureV4.Request(
            method: "PUT",
            path: "/" + SignatureV4.encode("test$file.text", isPath: true),
            headers: headers(
                hash,
                [("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")]
            ),
            payloadHash: hash
        )
        #expect(header(request) == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
    }

    @Test func aParameterMayLackAValue() {
        let request = SignatureV4.Request(
            method: "GET",
            path: "/",
            query: [("lifecycle", "")],
            headers: headers(),
            payloadHash: Self.emptyHash
        )
        #expect(header(request) == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
    }

    @Test func parametersAreSorted() {
        let request = SignatureV4.Request(
            method: "GET",
            path: "/",
            query: [("prefix", "J"), ("max-keys", "2")],
            headers: headers(),
            payloadHash: Self.emptyHash
        )
        #expect(header(request) == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
    }

    @Test func aURLIsPresigned() {
        let request = SignatureV4.Request(
            method: "GET",
            path: "/test.txt",
            headers: [("host", "examplebucket.s3.amazonaws.com")],
            payloadHash: SignatureV4.unsignedPayload
        )
        #expect(
            storage.presignedQuery(of: request, at: storageTime, seconds: 86_400, sessionToken: nil)
                == "X-Amz-Algorithm=AWS4-HMAC-SHA256"
                + "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
                + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
                + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        )
    }
}
