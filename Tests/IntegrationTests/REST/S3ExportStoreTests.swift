import ChatCore
import ChatRuntime
import Foundation
import NIOHTTP1
import TestSupport
import Testing

@testable import ChatAPI

/// The store against a server that checks every signature.
@Suite(.timeLimit(.minutes(5)))
struct S3ExportStoreTests {
    private struct Fixture {
        let server: S3Server
        let configuration: S3Configuration
        let store: S3ExportStore
        let client: S3Client

        func object(_ name: ExportName) async throws -> S3Client.Answer {
            try await client.send(S3Client.Request(method: .GET, key: "chat/exports/\(name)"))
        }

        func uploads() async throws -> String {
            try await client.send(S3Client.Request(method: .GET, key: "", query: [("uploads", "")])).body
        }
    }

    /// Runs `body` with the smallest parts the protocol knows.
    private func withStore(
        secret: String? = nil,
        bucket: String = S3Server.bucket,
        _ body: (Fixture) async throws -> Void
    ) async throws {
        let server = try await S3Server.start(checksSignatures: true)
        let configuration = S3Configuration(
            bucket: bucket,
            prefix: "chat/exports",
            endpoint: server.endpoint,
            accessKeyID: server.key.id,
            secretAccessKey: Secret(secret ?? server.key.secret)
        )
        let store = S3ExportStore(configuration, partBytes: 5 << 20)
        let client = S3Client(configuration)
        do {
            try await body(Fixture(server: server, configuration: configuration, store: store, client: client))
        } catch {
            await end(store, client, server)
            throw error
        }
        await end(store, client, server)
    }

    private func end(_ store: S3ExportStore, _ client: S3Client, _ server: S3Server) async {
        await store.shutdown()
        await client.shutdown()
        await server.stop()
    }

    @Test func aSmallObjectIsPutWhole() async throws {
        try await withStore { fixture in
            let name = ExportName(of: .make(), format: .markdown)
            var upload = try await fixture.store.begin(name)
            try await upload.write(Array("# Con".utf8))
            try await upload.write(Array("versation\n".utf8))
            try await upload.finish()
            let object = try await fixture.object(name)
            #expect(object.body == "# Conversation\n")
            #expect(object.headers.first(name: "content-type") == "text/markdown; charset=utf-8")
            #expect(
                object.headers.first(name: "content-disposition")
                    == "attachment; filename=\"session-\(name.sessionID).md\""
            )
        }
    }

    @Test func aLargeObjectIsPutInParts() async throws {
        try await withStore { fixture in
            let name = ExportName(of: .make(), format: .txt)
            var upload = try await fixture.store.begin(name)
            // Pieces that end within parts, and one that spans several.
            for (index, megabytes) in [1, 3, 2, 11, 1].enumerated() {
                try await upload.write([UInt8](repeating: UInt8(ascii: "a") + UInt8(index), count: megabytes << 20))
            }
            #expect(try await fixture.uploads().contains("<UploadId>"))
            try await upload.finish()
            let head = try await fixture.client.send(
                S3Client.Request(method: .HEAD, key: "chat/exports/\(name)")
            )
            #expect(head.headers.first(name: "content-length") == "\(18 << 20)")
            // The tag of an object names the number of its parts.
            #expect(head.headers.first(name: "etag")?.hasSuffix("-4\"") == true)
            #expect(try await !fixture.uploads().contains("<UploadId>"))
            let range = try await fixture.client.send(
                S3Client.Request(
                    method: .GET,
                    key: "chat/exports/\(name)",
                    headers: [("range", "bytes=\((6 << 20) - 2)-\((6 << 20) + 1)")]
                )
            )
            #expect(range.body == "ccdd")
        }
    }

    @Test func anAbortedUploadLeavesNothing() async throws {
        try await withStore { fixture in
            let name = ExportName(of: .make(), format: .json)
            var upload = try await fixture.store.begin(name)
            try await upload.write([UInt8](repeating: 1, count: 6 << 20))
            #expect(try await fixture.uploads().contains("<UploadId>"))
            await upload.abort()
            #expect(try await !fixture.uploads().contains("<UploadId>"))
            await #expect(throws: ChatError.self) { try await fixture.object(name) }
        }
    }

    @Test(arguments: ["a wrong secret", nil])
    func aRefusalIsOurFaultAndTellsClientsNothing(secret: String?) async throws {
        try await withStore(secret: secret, bucket: secret == nil ? "no-such-bucket" : S3Server.bucket) { fixture in
            var upload = try await fixture.store.begin(ExportName(of: .make(), format: .json))
            try await upload.write([1])
            let error = await #expect(throws: ChatError.self) { try await upload.finish() }
            #expect(error?.code == .internalError)
            #expect(error?.message == "Something went wrong on our side.")
            #expect(error?.description.contains(secret == nil ? "NoSuchBucket" : "SignatureDoesNotMatch") == true)
        }
    }

    @Test func aStoreOutOfReachIsUnavailable() async throws {
        let configuration = S3Configuration(
            bucket: "exports",
            endpoint: "http://127.0.0.1:1",
            accessKeyID: "id",
            secretAccessKey: Secret("secret")
        )
        let store = S3ExportStore(configuration)
        var upload = try await store.begin(ExportName(of: .make(), format: .json))
        let error = await #expect(throws: ChatError.self) { try await upload.finish() }
        #expect(error?.code == .serviceUnavailable)
        await store.shutdown()
    }
}
