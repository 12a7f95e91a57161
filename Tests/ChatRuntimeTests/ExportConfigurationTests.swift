import Testing

@testable import ChatRuntime

@Suite("Reading where exports go")
struct ExportConfigurationTests {
    private func read(_ more: [String: String]) async throws(ConfigurationProblems) -> ExportConfiguration {
        let environment = ConfigurationReadingTests.environment.merging(more) { _, new in new }
        return try await APIConfiguration.read(arguments: [], environment: environment).exports
    }

    private func problems(_ more: [String: String]) async -> [String] {
        do {
            _ = try await read(more)
            return []
        } catch {
            return error.lines
        }
    }

    @Test(arguments: [
        ([:], "/var/lib/chat-engine/exports"),
        (["DATA_DIR": "/srv/chat"], "/srv/chat/exports"),
        (["EXPORT_STORE": "file:/srv/exports"], "/srv/exports"),
        (["EXPORT_STORE": "file:///srv/exports", "DATA_DIR": "/srv"], "/srv/exports"),
    ])
    func directories(environment: [String: String], path: String) async throws {
        let exports = try await read(environment)
        guard case .directory(let directory) = exports.store else {
            Issue.record("not a directory: \(exports.store)")
            return
        }
        #expect(directory == path)
        #expect(exports.signingKey == nil)
    }

    private static let keys = ["AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"]

    private func s3(_ more: [String: String]) async throws -> S3Configuration {
        let exports = try await read(Self.keys.merging(more) { _, new in new })
        guard case .s3(let configuration) = exports.store else {
            throw ConfigurationProblems(["not in S3: \(exports.store)"])
        }
        return configuration
    }

    @Test func buckets() async throws {
        let plain = try await s3(["EXPORT_STORE": "s3://my-bucket.1"])
        #expect(plain.bucket == "my-bucket.1")
        #expect(plain.prefix.isEmpty)
        #expect(plain.endpoint == nil)
        #expect(plain.region == "us-east-1")
        #expect(plain.accessKeyID == "id")
        #expect(plain.secretAccessKey == Secret("secret"))
        #expect(plain.sessionToken == nil)

        let full = try await s3([
            "EXPORT_STORE": "s3://bucket/chat//exports/", "S3_ENDPOINT": "http://127.0.0.1:9000/",
            "S3_REGION": "eu-central-1", "AWS_SESSION_TOKEN": "token",
        ])
        #expect(full.prefix == "chat/exports")
        #expect(full.endpoint == "http://127.0.0.1:9000")
        #expect(full.region == "eu-central-1")
        #expect(full.sessionToken == Secret("token"))
    }

    @Test(arguments: [
        "/srv/exports", "file:", "file:exports", "file://host/exports", "s3://", "s3://UPPER", "s3://ab", "s3:bucket",
        "s3://bucket/a b", "https://bucket", "file:/srv/\u{0}x",
    ])
    func anotherAddressIsRefused(address: String) async {
        let problems = await problems(Self.keys.merging(["EXPORT_STORE": address]) { _, new in new })
        #expect(problems == ["EXPORT_STORE must be file: and an absolute path, or s3://bucket/prefix"])
    }

    @Test func whatIsMissingOrContradictoryIsNamed() async {
        #expect(
            await problems(["EXPORT_STORE": "s3://bucket"]) == [
                "AWS_ACCESS_KEY_ID is missing: EXPORT_STORE is in S3",
                "AWS_SECRET_ACCESS_KEY is missing: EXPORT_STORE is in S3",
            ]
        )
        #expect(
            await problems(["S3_ENDPOINT": "http://host/path"]) == ["S3_ENDPOINT must be an http(s) URL without a path"]
        )
        #expect(await problems(["DATA_DIR": "data"]).first == "DATA_DIR must be an absolute path")
        #expect(
            await problems(["EXPORT_SIGNING_KEY": "short"]) == [
                "EXPORT_SIGNING_KEY is 5 bytes long: at least 32 are needed"
            ]
        )
    }

    @Test func secretsAreMasked() async throws {
        let secrets = [
            "EXPORT_SIGNING_KEY": String(repeating: "k", count: 32), "AWS_SECRET_ACCESS_KEY": "very-secret",
            "AWS_SESSION_TOKEN": "a-token",
        ]
        let lines = try await APIConfiguration.check(
            arguments: [],
            environment: ConfigurationReadingTests.environment.merging(secrets) { _, new in new }
        )
        for secret in secrets.values { #expect(!lines.contains { $0.contains(secret) }) }
    }
}
