import ChatCore
import ChatRuntime
import Testing

@testable import ChatAPI

/// The examples that AWS has published: the Signature Version 4 test suite, and the pages 'Authenticating Requests: Using
/// the Authorization Header' and 'Using Query Parameters' of the Amazon S3 API reference.
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

    @Test(arguments: [
        // get-vanilla, get-vanilla-query-order-key-case, get-vanilla-query-unreserved, post-vanilla
        ("GET", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("GET", "Param2=value2&Param1=value1", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
        (
            "GET",
            "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                + "=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"
        ),
        ("POST", "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    ])
    func theTestSuite(method: String, query: String, signature: String) {
        let request = SignatureV4.Request(
            method: method,
            path: "/",
            query: query.split(separator: "&").map { pair in
                let parts = pair.split(separator: "=", maxSplits: 1)
                return (String(parts[0]), String(parts[1]))
            },
            headers: [("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z")],
            payloadHash: Self.emptyHash
        )
        #expect(
            suite.authorization(of: request, at: suiteTime)
                == "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                + "SignedHeaders=host;x-amz-date, Signature=\(signature)"
        )
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
