import ChatCore
import TestSupport
import Testing

@testable import ChatGateway

/// That `docs/asyncapi.yaml` has what the gateway has, no more and no less.
@Suite(.timeLimit(.minutes(5)))
struct GatewayDescriptionTests {
    @Test("The envelopes of the server are those the gateway can send")
    func serverTypes() throws {
        let kinds = ServerEnvelope.Kind.allCases.map(\.rawValue) + PushEvent.Kind.allCases.map(\.rawValue)
        let described = try SocketDescription.shared().serverTypes
        #expect(described.symmetricDifference(kinds).sorted() == [])
    }

    @Test("The envelopes of clients are those the gateway understands")
    func clientTypes() throws {
        let described = try SocketDescription.shared().clientTypes
        #expect(described.symmetricDifference(ConnectionOperations.types).sorted() == [])
    }

    @Test("The gateway takes none of them for unknown")
    func knownTypes() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let unknown = try await refusal(of: "message.dance", on: try await client.connect())
            // A connection each: so much bad input would close one.
            var unknownTypes: [String] = []
            for type in try SocketDescription.shared().clientTypes.sorted() {
                let refusal = try await refusal(of: type, on: try await client.connect())
                if refusal == unknown { unknownTypes.append(type) }
            }
            #expect(unknownTypes == [])
        }
    }

    /// What is said to be wrong with an envelope of that type and a payload that no type has.
    private func refusal(of type: String, on socket: WebSocketClient) async throws -> JSONValue? {
        try await socket.send([
            "id": "0191e6a0-0000-7000-8000-000000000000", "type": .string(type), "payload": ["nonsense": true],
        ])
        let error = try await socket.expect("response.error")
        try await socket.close()
        return error["details"]?["validation_errors"]
    }

    @Test("The close codes are those the gateway uses")
    func closeCodes() throws {
        let described = try SocketDescription.shared().file.document["channels"]?["ws"]?["x-close-codes"]?.objectValue
        let codes = (0...UInt16.max).filter { CloseCode(rawValue: $0) != nil }
        #expect(Set(described?.names ?? []) == Set(codes.map(String.init)))
    }
}
