import ChatCore
import TestSupport
import Testing

/// A new version goes out while people talk (`contract/runtime.md`, 'Life cycle').
@Suite(.serialized, .timeLimit(.minutes(5)))
struct RollingRestartTests {
    private static let clients = 8

    @Test("Every node restarted in turn under load: no message, no event and no chunk is lost or doubled")
    func everyNode() async throws {
        let seed = SeededGenerator.chooseSeed(for: "everyNode")
        try await withCluster(TestCluster.Shape(hasLoadBalancer: true)) { cluster in
            let isOver = Watched(false)
            let exchanges = Watched(0)
            let talkers = try await withThrowingTaskGroup(of: RoamingClient?.self) { group in
                for number in 0..<Self.clients {
                    let client = try await TestClient(of: cluster)
                    var talker = try await RoamingClient(client, seed: seed &+ UInt64(number))
                    group.addTask {
                        repeat {
                            try await talker.converse("/pace 10ms /words \(20 + 10 * number)")
                            exchanges.update { $0 += 1 }
                        } while !isOver.current
                        try await talker.catchUp(to: 2 * Int64(talker.exchanges.count))
                        return talker
                    }
                }
                group.addTask {
                    defer { isOver.update { $0 = true } }
                    for node in cluster.gateways + cluster.apis + cluster.buses {
                        try await Self.restart(node, amid: exchanges)
                    }
                    return nil
                }
                var talkers: [RoamingClient] = []
                for try await case let talker? in group { talkers.append(talker) }
                return talkers
            }
            #expect(talkers.count == Self.clients)
            for talker in talkers { try await expectNothingLost(by: talker) }
            // Each gateway had connections that had to go.
            #expect(talkers.reduce(0) { $0 + $1.moves } >= Self.clients)
        }
    }

    /// Restarts a node while exchanges begin and end.
    private static func restart(_ node: ClusterProcess, amid exchanges: Watched<Int>) async throws {
        let before = exchanges.current
        guard await exchanges.wait(timeout: .seconds(40), { $0 >= before + clients ? true : nil }) != nil else {
            throw TestSupportError("nobody talks before \(node.name) is restarted")
        }
        let status = await node.terminate()
        #expect(status?.isSuccess == true, "\(node.name): \(String(describing: status))")
        try await node.start()
    }

    private func expectNothingLost(by talker: RoamingClient) async throws {
        let stored = try await talker.client.messages(of: talker.session)
        #expect(stored.count == 2 * talker.exchanges.count)
        #expect(talker.lastSeq == Int64(stored.count))
        let answers = stored.filter { $0["role"] == "assistant" }
        #expect(answers.count == talker.exchanges.count)
        for (exchange, message) in zip(talker.exchanges, answers) {
            #expect(message["message_id"]?.stringValue == exchange.messageID)
            #expect(message.messageState == "complete")
            #expect(exchange.answer.state == "complete")
            #expect(exchange.answer.text == message.messageText)
        }
    }
}
