import ChatCore
import TestSupport
import Testing

@testable import ChatStorage

/// One of several that change the same sessions at random. What it may be refused is expected; everything else throws.
struct RandomTreeWriter {
    enum Step: CaseIterable {
        case send, branch, finish, abandon, closeOrphans, activate, readPath, readVariants, react, patch, switchType
        case recreate, sendAsGuest, branchAsGuest, recreateAsGuest, revoke, wait, summarize, finishSummary
        case delete

        /// How often it is chosen, beside the others.
        var weight: Int {
            switch self {
            case .finish: 12
            case .branch, .activate, .branchAsGuest: 6
            case .send, .recreate, .wait: 5
            case .sendAsGuest, .recreateAsGuest: 4
            case .readPath, .readVariants, .switchType, .patch: 3
            case .abandon, .closeOrphans, .react, .summarize, .finishSummary: 2
            case .delete, .revoke: 1
            }
        }
    }

    private static let choices = Step.allCases.flatMap { Array(repeating: $0, count: $0.weight) }
    private static let endings: [Message.State] = [.complete, .complete, .stopped, .failed, .timedOut]

    let storage: StorageFixture
    let forest: SharedForest
    private(set) var lastStep = Step.send
    var generator: SeededGenerator
    /// Answers and runs of summaries that are to be ended.
    var streams: [MessageID] = []
    var runs: [MessageID] = []
    /// Where this writer waits.
    var place: (line: WaitingLine, ticket: Int64)?

    init(storage: StorageFixture, forest: SharedForest, seed: UInt64) {
        self.storage = storage
        self.forest = forest
        generator = SeededGenerator(seed: seed)
    }

    mutating func step() async throws {
        guard let step = Self.choices.randomElement(using: &generator),
            let session = forest.randomSession(using: &generator)
        else { return }
        lastStep = step
        let message = forest.randomMessage(of: session, using: &generator)
        switch step {
        case .send: try await begin(in: session, under: .activeLeaf)
        case .branch: try await begin(in: session, under: message.map { .message($0) } ?? .activeLeaf)
        case .finish: try await finish()
        case .abandon: try await begin(in: session, under: .activeLeaf, byDeadNode: true)
        case .closeOrphans: _ = try await storage.leases.closeOrphans(limit: 4)
        case .activate: try await activate(message)
        case .readPath: try await readPath(of: session)
        case .readVariants: try await readVariants(of: message)
        case .react: try await react(to: message)
        case .patch: try await patch(session)
        case .switchType: try await switchType(of: session)
        case .recreate: try await recreate(message, in: session)
        case .sendAsGuest: try await beginAsGuest(in: session, under: .activeLeaf)
        case .branchAsGuest: try await beginAsGuest(in: session, under: message.map { .message($0) } ?? .activeLeaf)
        case .recreateAsGuest: try await recreateAsGuest(message, in: session)
        case .revoke: try await revoke(in: session)
        case .wait: try await wait(in: session, for: message)
        case .summarize: try await summarize(session)
        case .finishSummary: try await finishSummary()
        case .delete: try await delete(session)
        }
    }

    private mutating func begin(
        in session: SessionID,
        under parent: NewExchange.Parent,
        byDeadNode: Bool = false
    ) async throws {
        let exchange = storage.exchange(in: session, under: parent, node: byDeadNode ? .make() : nil)
        switch try await storage.messages.beginExchange(exchange) {
        case .begun(let userMessage, let response, let history):
            #expect(history.allSatisfy { $0.isComplete || !$0.content.isEmpty })
            forest.add([userMessage.id, response.id], to: session)
            if !byDeadNode { streams.append(response.id) }
        case .sessionNotFound, .parentNotFound, .parentStreaming: break
        case let outcome: throw TestSupportError("\(outcome)")
        }
    }

    private mutating func finish() async throws {
        guard let stream = streams.popLast() else { return }
        let state = Self.endings.randomElement(using: &generator) ?? .complete
        // Not there any more when its session was deleted.
        try await storage.finish(stream, as: state)
    }

    private func activate(_ message: MessageID?) async throws {
        guard let message, let activated = try await storage.tree.activate(message, of: storage.owner) else { return }
        #expect(activated.isActive)
    }

    private func readPath(of session: SessionID) async throws {
        let query = MessageQuery(clientID: storage.owner, sessionID: session, limit: 1000)
        guard let path = try await storage.messages.messages(query)?.elements else { return }
        #expect(path.map(\.parentMessageID) == [nil] + path.dropLast().map(\.id) || path.isEmpty)
        #expect(path.allSatisfy { $0.isActive })
    }

    private func readVariants(of message: MessageID?) async throws {
        guard let message else { return }
        let variants = try await storage.tree.variants(of: message, client: storage.owner)
        #expect(variants.map(\.variantIndex) == Array(0..<variants.count))
        #expect(variants.filter(\.isActive).count <= 1)
        #expect(variants.allSatisfy { $0.totalVariants == variants.count })
    }

    private mutating func react(to message: MessageID?) async throws {
        guard let message, let reaction = Reaction.allCases.randomElement(using: &generator) else { return }
        _ = try await storage.reactions.setReaction(reaction, to: message, of: storage.owner, user: storage.owner)
    }

    private mutating func patch(_ session: SessionID) async throws {
        let value = Int.random(in: 0..<3, using: &generator)
        _ = try await storage.edits.patchMetadata(
            ["n": value == 0 ? nil : .integer(value)],
            of: session,
            client: storage.owner
        )
    }

    private mutating func switchType(of session: SessionID) async throws {
        let version = Int.random(in: 0..<2, using: &generator)
        _ = try await storage.edits.switchType(
            of: session,
            client: storage.owner,
            to: storage.type.id,
            capabilities: [try StorageFixture.capability("\(storage.type.id):\(version)")]
        )
    }

    private mutating func delete(_ session: SessionID) async throws {
        let deletion = try await storage.edits.deleteSession(
            session,
            of: storage.owner,
            evenWhileStreaming: Bool.random(using: &generator)
        )
        guard deletion == .deleted else { return }
        forest.replace(session, by: try await storage.makeSession())
    }
}
