import ChatCore
import ChatRuntime
import Foundation
import Hummingbird
import Testing

@testable import ChatAPI

@Suite struct ExportRoutesTests {
    /// Runs `body` with an API whose exports go to a directory of its own.
    private func withAPI(_ body: (APIFixture, Session, TemporaryDirectory) async throws -> Void) async throws {
        try await TemporaryDirectory.with { directory in
            var api = APIFixture()
            api.exportDirectory = directory.path
            let session = try Sample.session()
            let messages = [Sample.message(in: session), Sample.message(in: session, role: .assistant)]
            api.database.change {
                $0.sessions = [session]
                $0.messages = messages
            }
            try await body(api, session, directory)
        }
    }

    private func export(
        _ session: Session,
        _ api: APIFixture,
        format: String = "json"
    ) async throws -> (path: String, expiresAt: String) {
        let reply = try await api.send(
            .post,
            "/sessions/\(session.id)/export",
            ["format": .string(format), "scope": "active"]
        )
        #expect(reply.status == 200, "\(reply.json)")
        let url = try #require(reply.json["download_url"]?.stringValue)
        let base = "https://chat.example/api/v1"
        #expect(url.hasPrefix("\(base)/exports/"))
        return (String(url.dropFirst(base.utf8.count)), try #require(reply.json["expires_at"]?.stringValue))
    }

    @Test(arguments: [
        ("json", "application/json", "json"), ("markdown", "text/markdown", "md"), ("txt", "text/plain", "txt"),
    ])
    func anExportIsDownloadedWithoutAToken(format: String, type: String, suffix: String) async throws {
        try await withAPI { api, session, directory in
            let (path, expiresAt) = try await export(session, api, format: format)
            #expect(expiresAt > Timestamp.now.advanced(bySeconds: 86_400).description)
            let reply = try await api.send(.get, path, as: nil)
            #expect(reply.status == 200)
            #expect(reply["content-type"] == "\(type); charset=utf-8")
            #expect(reply["content-disposition"] == "attachment; filename=\"session-\(session.id).\(suffix)\"")
            #expect(reply["cache-control"] == "private, no-store")
            #expect(reply["x-content-type-options"] == "nosniff")
            let file = try #require(directory.names.first)
            #expect(try Data(contentsOf: URL(fileURLWithPath: directory.file(file))) == Data(reply.body))
            if format == "json" { #expect(reply.json["session"] == session.json) }

            let head = try await api.send(.head, path, as: nil)
            #expect(head.status == 200)
            #expect(head.body.isEmpty)
            #expect(head["content-length"] == "\(reply.body.count)")
        }
    }

    @Test func foreignUnknownAndMalformedIDsAnswerAlike() async throws {
        try await withAPI { api, session, directory in
            for (id, client) in [
                (session.id.description, "bob"), (SessionID.make().description, "alice"), ("1", "alice"),
            ] {
                let reply = try await api.send(
                    .post,
                    "/sessions/\(id)/export",
                    as: client,
                    ["format": "json", "scope": "all"]
                )
                #expect(reply.status == 404)
                #expect(reply.code == "SESSION_NOT_FOUND")
            }
            #expect(directory.names.isEmpty)
        }
    }

    @Test func everyFieldAtFaultIsNamed() async throws {
        try await withAPI { api, session, directory in
            let reply = try await api.send(
                .post,
                "/sessions/\(session.id)/export",
                ["format": "pdf", "scope": nil, "store": "s3://mine"]
            )
            #expect(reply.status == 400)
            #expect(
                reply.invalidFields == ["format: invalid_value", "scope: required", "store: unknown_field"]
            )
            let empty = try await api.send(.post, "/sessions/\(session.id)/export")
            #expect(empty.status == 400)
            #expect(directory.names.isEmpty)
        }
    }

    @Test func forgedLinksAreForbidden() async throws {
        try await withAPI { api, session, _ in
            let (path, _) = try await export(session, api)
            let match = try #require(path.wholeMatch(of: /\/exports\/(.+)\?(.+)/))
            let (name, query) = (match.1, match.2)
            let expires = try #require(query.wholeMatch(of: /expires=(\d+)&signature=.*/)).1
            let signature = query.suffix(64)
            for forged in [
                "/exports/\(name)", "/exports/\(name)?expires=\(expires)", "/exports/\(name)?signature=\(signature)",
                "/exports/\(name)?expires=\(expires)0&signature=\(signature)",
                "/exports/\(name)?expires=x&signature=\(signature)",
                "/exports/\(name)?expires=99999999999999999999&signature=\(signature)",
                "/exports/\(name)?expires=\(expires)&signature=\(String(repeating: "0", count: 64))",
                "/exports/x\(name)?\(query)", "/exports/..%2f\(name)?\(query)", "/exports/\(name).part?\(query)",
            ] {
                let reply = try await api.send(.get, forged, as: nil)
                #expect(reply.status == 403, "\(forged)")
                #expect(reply.code == "FORBIDDEN")
            }
            let unknown = try await api.send(.get, "\(path)&download=1", as: nil)
            #expect(unknown.status == 400)
            #expect(unknown.invalidFields == ["download: unknown_field"])
        }
    }

    @Test func aLinkWhoseTimeIsOverIsForbidden() async throws {
        try await withAPI { api, session, _ in
            let name = ExportName(of: session.id, format: .json)
            let signer = DownloadSigner(secret: APIFixture.tokenSecret)
            for (expires, status) in [(Timestamp.now.secondsSince1970 - 1, 403), (32_503_680_000, 404)] {
                let signature = signer.signature(of: name, expires: expires)
                let reply = try await api.send(
                    .get,
                    "/exports/\(name)?expires=\(expires)&signature=\(signature)",
                    as: nil
                )
                #expect(reply.status == status)
            }
        }
    }

    @Test func aFileThatWasDeletedIsNotFound() async throws {
        try await withAPI { api, session, directory in
            let (path, _) = try await export(session, api)
            for name in directory.names { try FileManager.default.removeItem(atPath: directory.file(name)) }
            let reply = try await api.send(.get, path, as: nil)
            #expect(reply.status == 404)
            #expect(reply.code == "NOT_FOUND")
        }
    }

    @Test func aStoreThatFailsTellsNothingOfItself() async throws {
        let api = APIFixture()
        let session = try Sample.session()
        api.database.change { $0.sessions = [session] }
        var broken = api
        broken.exportDirectory = "/dev/null/exports"
        let reply = try await broken.send(
            .post,
            "/sessions/\(session.id)/export",
            ["format": "json", "scope": "all"]
        )
        #expect(reply.status == 500)
        #expect(!String(decoding: reply.body, as: UTF8.self).contains("/dev"))
    }
}
