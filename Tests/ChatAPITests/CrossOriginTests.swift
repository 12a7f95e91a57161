import ChatRuntime
import Hummingbird
import Testing

@testable import ChatAPI

@Suite struct CrossOriginTests {
    private func api(_ allowed: AllowedOrigins) -> APIFixture {
        var api = APIFixture()
        api.settings.allowedOrigins = allowed
        return api
    }

    private func preflight(_ api: APIFixture, from origin: String, _ path: String = "/sessions") async throws -> Reply {
        try await api.send(
            .options,
            path,
            as: nil,
            headers: [.origin: origin, .accessControlRequestMethod: "POST"]
        )
    }

    @Test func anAllowedOriginMayCall() async throws {
        let api = api(.only(["https://chat.example"]))
        let reply = try await preflight(api, from: "https://chat.example")
        #expect(reply.status == 204)
        #expect(reply["access-control-allow-origin"] == "https://chat.example")
        #expect(reply["access-control-allow-methods"]?.contains("POST") == true)
        #expect(reply["access-control-allow-headers"]?.contains("Authorization") == true)
        #expect(reply["access-control-max-age"] == "600")
        #expect(reply["vary"] == "Origin")
        #expect(reply.requestID != nil)

        let get = try await api.send(.get, "/sessions", headers: [.origin: "https://chat.example"])
        #expect(get["access-control-allow-origin"] == "https://chat.example")
        #expect(get["access-control-expose-headers"]?.contains("ETag") == true)
        #expect(get["vary"] == "Authorization, Origin")
    }

    /// A cache that has an answer for nobody's page must not give it to one.
    @Test(arguments: [AllowedOrigins.any, .only(["https://chat.example"])])
    func anAnswerWithoutAnOriginDependsOnThat(allowed: AllowedOrigins) async throws {
        let reply = try await api(allowed).send(.get, "/sessions")
        #expect(reply["access-control-allow-origin"] == nil)
        #expect(reply["vary"] == "Authorization, Origin")
    }

    @Test func errorsCanBeReadByThePageToo() async throws {
        let api = api(.any)
        for path in ["/nothing", "/sessions/1", "/sessions?limit=0"] {
            let reply = try await api.send(.get, path, headers: [.origin: "https://anywhere.example"])
            #expect(reply.status >= 400)
            #expect(reply["access-control-allow-origin"] == "*")
        }
    }

    @Test func anotherOriginMayNot() async throws {
        let api = api(.only(["https://chat.example"]))
        let reply = try await preflight(api, from: "https://evil.example")
        #expect(reply["access-control-allow-origin"] == nil)
        #expect(reply["access-control-allow-methods"] == nil)
        let get = try await api.send(.get, "/sessions", headers: [.origin: "https://evil.example"])
        #expect(get.status == 200)
        #expect(get["access-control-allow-origin"] == nil)
        #expect(get["vary"] == "Authorization, Origin")
    }

    @Test func optionsTellTheMethods() async throws {
        let reply = try await api(.any).send(.options, "/messages/1/stop", as: nil)
        #expect(reply.status == 204)
        #expect(reply["allow"] == "POST, OPTIONS")
        #expect(try await preflight(api(.any), from: "https://chat.example", "/nothing").status == 404)
    }
}
