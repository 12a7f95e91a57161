import Synchronization

@testable import ChatStorage

/// Workers that insert numbers into the table `item` until they are told to end, and what became of each insert.
final class InsertLoad: Sendable {
    struct Record: Sendable {
        var acknowledged: Set<Int64> = []
        var failures: [PostgresError] = []
        var isOver = false
        fileprivate var goal: (count: Int, continuation: AsyncStream<Void>.Continuation)?
    }

    private let state = Mutex(Record())
    private let client: PostgresClient

    init(client: PostgresClient) {
        self.client = client
    }

    var record: Record { state.withLock { $0 } }

    private var isOver: Bool { state.withLock { $0.isOver } }

    func end() {
        state.withLock { $0.isOver = true }
    }

    /// Inserts `first`, `first + step` and so on, one after the other; by turns as a statement and as a transaction.
    func insert(from first: Int64, step: Int64) async {
        var id = first
        while !isOver {
            let insert = Statement("INSERT INTO item VALUES ($1)", [.integer(id)])
            do throws(PostgresError) {
                if id / step % 2 == 0 {
                    _ = try await client.execute(insert)
                } else {
                    _ = try await client.transaction([insert, Statement("SELECT 1")])
                }
                state.withLock { state in
                    state.acknowledged.insert(id)
                    if let goal = state.goal, state.acknowledged.count >= goal.count { goal.continuation.finish() }
                }
            } catch {
                state.withLock { $0.failures.append(error) }
            }
            id += step
        }
    }

    /// Returns when a hundred inserts more were acknowledged.
    func untilProgress() async {
        let (progress, continuation) = AsyncStream.makeStream(of: Void.self)
        state.withLock { $0.goal = (count: $0.acknowledged.count + 100, continuation: continuation) }
        for await _ in progress {}
    }
}
