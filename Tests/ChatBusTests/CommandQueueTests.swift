import ChatCore
import NIOCore
import Testing

@testable import ChatBus

struct CommandQueueTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000)

    private func queue(maximumCommands: Int = 100, maximumBytes: Int = 1000) -> CommandQueue<Int> {
        var queue = CommandQueue<Int>(maximumCommands: maximumCommands, maximumBytes: maximumBytes)
        queue.connected()
        return queue
    }

    @discardableResult
    private func add(_ waiter: Int, to queue: inout CommandQueue<Int>) -> CommandQueue<Int>.EnqueueAction {
        queue.enqueue(
            ByteBuffer(string: "<\(waiter)>"),
            id: UInt64(waiter),
            waiter: waiter,
            deadline: start + .seconds(Int64(waiter))
        )
    }

    private func reply(_ queue: inout CommandQueue<Int>) -> Int? {
        if case .resume(let waiter) = queue.replied() { waiter } else { nil }
    }

    @Test func `Without a connection commands fail at once`() {
        var queue = CommandQueue<Int>(maximumCommands: 1, maximumBytes: 10)
        #expect(!queue.isOpen)
        #expect(add(1, to: &queue) == .fail(.notConnected))
        #expect(queue.takeBatch(targetBytes: 100) == nil)
    }

    @Test func `Commands of one turn are woken for once and sent together, in order`() {
        var queue = queue()
        #expect(add(1, to: &queue) == .wake)
        #expect(add(2, to: &queue) == .none)
        #expect(add(3, to: &queue) == .none)
        #expect(queue.takeBatch(targetBytes: 100) == ByteBuffer(string: "<1><2><3>"))
        #expect(queue.takeBatch(targetBytes: 100) == nil)
        #expect(add(4, to: &queue) == .wake)
        #expect((1...3).map { _ in reply(&queue) } == [1, 2, 3])
    }

    @Test func `A batch ends with the command that fills it`() {
        var queue = queue()
        for waiter in 1...3 { add(waiter, to: &queue) }
        #expect(queue.takeBatch(targetBytes: 4) == ByteBuffer(string: "<1><2>"))
        #expect(queue.takeBatch(targetBytes: 4) == ByteBuffer(string: "<3>"))
    }

    @Test func `Waiting and sent commands are bounded together`() {
        var queue = queue(maximumCommands: 2)
        add(1, to: &queue)
        _ = queue.takeBatch(targetBytes: 100)
        add(2, to: &queue)
        #expect(add(3, to: &queue) == .fail(.queueFull))
        #expect(reply(&queue) == 1)
        #expect(add(3, to: &queue) == .none)
    }

    @Test func `Waiting bytes are bounded`() {
        var queue = queue(maximumBytes: 7)
        add(1, to: &queue)
        add(2, to: &queue)
        #expect(add(3, to: &queue) == .fail(.queueFull))
        #expect(queue.takeBatch(targetBytes: 100) == ByteBuffer(string: "<1><2>"))
        #expect(add(3, to: &queue) == .none)
    }

    @Test func `A reply to nothing is a violation`() {
        var queue = queue()
        guard case .violation = queue.replied() else {
            Issue.record("accepted")
            return
        }
    }

    @Test func `A cancelled command is not sent, or its answer dropped in its place`() {
        var queue = queue()
        for waiter in 1...3 { add(waiter, to: &queue) }
        #expect(queue.cancel(id: 2) == 2)
        #expect(queue.cancel(id: 2) == nil)
        #expect(queue.takeBatch(targetBytes: 100) == ByteBuffer(string: "<1><3>"))
        #expect(queue.cancel(id: 1) == 1)
        #expect(reply(&queue) == nil)
        #expect(reply(&queue) == 3)
    }

    @Test func `Time runs out for the oldest first, sent or not`() {
        var queue = queue()
        #expect(queue.deadlineForTimer() == nil)
        add(1, to: &queue)
        add(2, to: &queue)
        _ = queue.takeBatch(targetBytes: 1)
        #expect(queue.deadlineForTimer() == start + .seconds(1))
        #expect(queue.deadlineForTimer() == nil)
        add(5, to: &queue)

        let early = queue.expire(at: start)
        #expect(early.waiters.isEmpty)
        #expect(early.next == start + .seconds(1))
        let late = queue.expire(at: start + .seconds(2))
        #expect(late.waiters == [1, 2])
        #expect(late.next == start + .seconds(5))
        #expect(queue.takeBatch(targetBytes: 100) == ByteBuffer(string: "<5>"))
        #expect(reply(&queue) == nil)
        #expect(reply(&queue) == 5)
        #expect(queue.expire(at: start + .seconds(9)).next == nil)
        add(6, to: &queue)
        #expect(queue.deadlineForTimer() == start + .seconds(6))
    }

    @Test func `A lost connection tells the sent from the unsent`() {
        var queue = queue()
        for waiter in 1...4 { add(waiter, to: &queue) }
        _ = queue.takeBatch(targetBytes: 4)
        _ = queue.cancel(id: 1)
        let lost = queue.disconnected()
        #expect(lost.sent == [2])
        #expect(lost.unsent == [3, 4])
        #expect(add(5, to: &queue) == .fail(.notConnected))
        queue.connected()
        #expect(add(6, to: &queue) == .wake)
        #expect(queue.takeBatch(targetBytes: 100) == ByteBuffer(string: "<6>"))
    }

    @Test func `A ping takes its turn beyond the limits; the farewell is last`() {
        var queue = queue(maximumCommands: 1)
        add(1, to: &queue)
        #expect(queue.enqueueControl(ByteBuffer(string: "ping"), isLast: false) == .none)
        #expect(queue.enqueueControl(ByteBuffer(string: "quit"), isLast: true) == .none)
        #expect(!queue.isOpen)
        #expect(add(2, to: &queue) == .fail(.notConnected))
        #expect(queue.takeBatch(targetBytes: 100) == ByteBuffer(string: "<1>pingquit"))
        #expect(reply(&queue) == 1)
        #expect(reply(&queue) == nil)
        #expect(reply(&queue) == nil)
        guard case .violation = queue.replied() else {
            Issue.record("accepted")
            return
        }
    }
}
