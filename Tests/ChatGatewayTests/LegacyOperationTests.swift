import ChatCore
import Foundation
import Testing

@testable import ChatGateway

/// Which operations of the first protocol there are, and what is served when (`contract/websocket.md`, 'Legacy
/// operations').
@Suite struct LegacyOperationTests {
    private static let reads: Set<String> = [
        "session.get", "session.access_shared", "session.search", "sessions.search", "message.list", "message.get",
        "message.get_variants",
    ]
    private static let changes: Set<String> = [
        "session.create", "session.delete", "session.switch_type", "session.export", "session.share", "message.stop",
    ]

    private func served(in phase: Int) -> Set<String> {
        let phase = MigrationPhase(number: phase)
        return Set(LegacyOperation.allCases.filter(phase.serves).map(\.rawValue))
    }

    @Test(arguments: [1, 2])
    func everythingIsServed(phase: Int) {
        #expect(served(in: phase) == Self.reads.union(Self.changes))
    }

    @Test func readsAreRefusedFirst() {
        #expect(served(in: 3) == Self.changes)
    }

    @Test(arguments: [4, 5])
    func nothingIsServed(phase: Int) {
        #expect(served(in: phase).isEmpty)
    }

    @Test(arguments: LegacyOperation.allCases)
    func aRefusalNamesWhatTakesItsPlace(_ operation: LegacyOperation) {
        let error = MigrationPhase(number: 5).refusal(of: operation)
        #expect(error.code == .invalidRequest)
        #expect(error.message.contains(operation.replacement))
        #expect(error.message.contains(operation.rawValue))
        #expect(error.validationErrors.isEmpty)
    }

    @Test("docs/migration.md has every operation under the phase it moves in, with what takes its place")
    func guide() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "docs/migration.md"), encoding: .utf8)
        let sections = text.components(separatedBy: "### Phase ").dropFirst()
        #expect(sections.map { String($0.prefix(1)) } == ["2", "3"])
        let rows = sections.map { section in
            section.matches(of: #/\| `([a-z_.]+)` \| `([A-Z]+) (/[^`]*)` \|/#)
                .map { "\($0.1): \($0.2) /api/v1\($0.3)" }.sorted()
        }
        for (rows, kind) in zip(rows, [LegacyOperation.Kind.read, .write]) {
            let operations = LegacyOperation.allCases.filter { $0.kind == kind }
            #expect(rows == operations.map { "\($0.rawValue): \($0.replacement)" }.sorted())
        }
    }
}
