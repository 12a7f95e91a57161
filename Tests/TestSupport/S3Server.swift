import ChatCore
import Foundation

/// A private S3-compatible server (moto), all in memory, gone with the test process.
public final class S3Server: Sendable {
    /// What is allowed to use it when it checks signatures.
    public struct Key: Sendable {
        public var id: String
        public var secret: String
    }

    public let port: Int
    /// With ``start(checksSignatures:)`` the one key that is let in; else any is.
    public let key: Key
    public static let bucket = "exports"
    private let child: ChildProcess

    public var endpoint: String { "http://127.0.0.1:\(port)" }

    private init(port: Int, key: Key, child: ChildProcess) {
        self.port = port
        self.key = key
        self.child = child
    }

    /// Starts a server that has the bucket and returns when it answers.
    ///
    /// One that checks the signatures of requests knows no presigned URLs.
    public static func start(checksSignatures: Bool) async throws -> S3Server {
        let directory = try TemporaryDirectory(prefix: "s3")
        let port = try FreePort.next()
        // The bucket, the user, the policy and the key are made before anybody can sign.
        let environment = checksSignatures ? ["INITIAL_NO_AUTH_ACTION_COUNT": "4"] : [:]
        let child = try await ChildProcess.start(
            try TestTools.path(of: "moto_server"),
            ["-H", "127.0.0.1", "-p", "\(port)"],
            environment: environment,
            logPath: directory.file("log")
        )
        let api = APIClient(baseURL: "http://127.0.0.1:\(port)")
        try await eventually("the S3 server answers", within: .seconds(60)) {
            guard child.isRunning else {
                throw TestSupportError((try? String(contentsOfFile: directory.file("log"), encoding: .utf8)) ?? "")
            }
            return try await api.get("/moto-api/").status < 500 ? true : nil
        }
        try await expectSuccess(api.send("PUT", "/\(bucket)"))
        let key = checksSignatures ? try await makeKey(api) : Key(id: "any", secret: "any")
        return S3Server(port: port, key: key, child: child)
    }

    /// Ends the server at once.
    public func stop() async { await child.stop(signal: SIGKILL) }

    private static func makeKey(_ api: APIClient) async throws -> Key {
        try await command(api, "Action=CreateUser&UserName=node")
        let policy = #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#
        let encoded = policy.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        try await command(
            api,
            "Action=PutUserPolicy&UserName=node&PolicyName=all&PolicyDocument=\(encoded)"
        )
        let answer = try await command(api, "Action=CreateAccessKey&UserName=node")
        guard let id = element("AccessKeyId", of: answer), let secret = element("SecretAccessKey", of: answer) else {
            throw TestSupportError("no access key: \(answer)")
        }
        return Key(id: id, secret: secret)
    }

    @discardableResult
    private static func command(_ api: APIClient, _ form: String) async throws -> String {
        let scope = "Credential=none/20200101/us-east-1/iam/aws4_request"
        let answer = try await expectSuccess(
            api.send(
                "POST",
                "/",
                bytes: Array("\(form)&Version=2010-05-08".utf8),
                headers: [
                    ("content-type", "application/x-www-form-urlencoded"),
                    ("authorization", "AWS4-HMAC-SHA256 \(scope), SignedHeaders=host, Signature=none"),
                ]
            )
        )
        return String(decoding: answer.bytes, as: UTF8.self)
    }

    @discardableResult
    private static func expectSuccess(_ answer: APIClient.Answer) throws -> APIClient.Answer {
        guard answer.status < 300 else { throw TestSupportError("the S3 server refused: \(answer)") }
        return answer
    }

    private static func element(_ name: String, of xml: String) -> String? {
        guard let start = xml.range(of: "<\(name)>"), let end = xml.range(of: "</\(name)>") else { return nil }
        return String(xml[start.upperBound..<end.lowerBound])
    }
}
