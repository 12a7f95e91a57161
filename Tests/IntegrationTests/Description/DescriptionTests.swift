import ChatCore
import Foundation
import TestSupport
import Testing

/// The descriptions of the APIs as they are served, and that the one of REST is complete.
@Suite(.timeLimit(.minutes(5)))
struct DescriptionTests {
    @Test("A description is served to anybody, as the file is", arguments: ["openapi.yaml", "asyncapi.yaml"])
    func served(name: String) async throws {
        try await withSharedCluster { cluster in
            let answer = try await cluster.api().get("/api/v1/\(name)")
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == "application/yaml")
            let file = try Data(contentsOf: TestTools.package.appendingPathComponent("docs/\(name)"))
            #expect(answer.bytes == Array(file))
        }
    }

    @Test("Every address has the methods that are described, and no other")
    func methods() async throws {
        let operations = try APIDescription.shared().operations.map { $0.split(separator: " ") }
        let paths = Dictionary(grouping: operations, by: { $0[1] }).mapValues { Set($0.map { String($0[0]) }) }
        try await withSharedCluster { cluster in
            for (path, methods) in paths {
                let address = path.replacing(/\{\w+\}/, with: "x")
                let answer = try await cluster.api().send("OPTIONS", "/api/v1\(address)")
                #expect(answer.status == 204, "\(path): \(answer)")
                let allowed = (answer.headers["allow"] ?? "").split(separator: ",").map { $0.filter { $0 != " " } }
                let expected = methods.union(["OPTIONS"]).union(methods.contains("GET") ? ["HEAD"] : [])
                #expect(Set(allowed) == expected, "\(path)")
            }
        }
    }

    @Test("A longer answer is sent in gzip to a client that accepts it, with a tag of its own")
    func gzip() async throws {
        try await withSharedCluster { cluster in
            let api = cluster.api()
            let path = "/api/v1/openapi.yaml"
            let plain = try await api.send("GET", path, bytes: nil, headers: [("accept-encoding", "identity")])
            #expect(plain.headers["content-encoding"] == nil)
            let tag = try #require(plain.headers["etag"])

            let zipped = try await api.send("GET", path, bytes: nil, headers: [("accept-encoding", "gzip, deflate")])
            #expect(zipped.headers["content-encoding"] == "gzip")
            #expect(zipped.headers["etag"] == "\(tag.dropLast())-gzip\"")
            #expect(zipped.headers["vary"]?.contains("Accept-Encoding") == true)
            let length = try #require(zipped.headers["content-length"].flatMap(Int.init))
            #expect(length < plain.bytes.count / 3)
            // The client of the tests decodes what says it is encoded.
            #expect(zipped.bytes == plain.bytes)

            for known in [tag, zipped.headers["etag"] ?? ""] {
                let again = try await api.send("GET", path, bytes: nil, headers: [("if-none-match", known)])
                #expect(again.status == 304)
                #expect(again.headers["etag"] == known)
            }
            // The client of the tests would decode the body that is not there.
            let head = try await ChildProcess.check("curl", ["-sI", "--compressed", api.baseURL + path])
            #expect(head.contains("Content-Encoding: gzip"))
            #expect(head.contains("Content-Length: \(length)\r\n"))
        }
    }
}
