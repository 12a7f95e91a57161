import Testing

@testable import ChatBus

/// Receivers are named by letters, their waiters by numbers, which are their ids, too.
struct SubscriptionStateMachineTests {
    private typealias Machine = SubscriptionStateMachine<String, Int>

    private func connected(maximumBatch: Int = 512, maximumUnconfirmed: Int = 4096) -> Machine {
        var machine = Machine(maximumBatch: maximumBatch, maximumUnconfirmed: maximumUnconfirmed)
        machine.connected()
        #expect(machine.nextBatch() == nil)
        return machine
    }

    @Test func `A subscriber waits for the confirmation`() {
        var machine = connected()
        #expect(machine.subscribe("a", id: 1, to: "x", waiter: 1) == .wait(wake: true))
        #expect(machine.subscribe("b", id: 2, to: "x", waiter: 2) == .wait(wake: false))
        #expect(machine.nextBatch() == .init(subscribe: ["x"]))
        #expect(machine.nextBatch() == nil)
        let confirmation = machine.subscribed("x")
        #expect(confirmation?.waiters == [1, 2])
        #expect(confirmation?.restored == [])
        #expect(machine.subscribe("c", id: 3, to: "x", waiter: 3) == .resume)
        #expect(machine.entries(of: "x").map(\.receiver) == ["a", "b", "c"])
        #expect(machine.entries(of: "y").isEmpty)
    }

    @Test func `Without a connection nobody waits, and the receiver is told when it takes force`() {
        var machine = Machine()
        #expect(machine.subscribe("a", id: 1, to: "x", waiter: 1) == .resumeUnconnected)
        #expect(machine.nextBatch() == nil)
        machine.connected()
        #expect(machine.nextBatch() == .init(subscribe: ["x"]))
        let confirmation = machine.subscribed("x")
        #expect(confirmation?.waiters == [])
        #expect(confirmation?.restored == ["a"])
    }

    @Test func `The last receiver's going leaves the channel`() {
        var machine = connected()
        join("x", with: ["a", "b"], in: &machine)
        #expect(machine.cancel(id: 1, on: "x").wake == false)
        #expect(machine.nextBatch() == nil)
        #expect(machine.cancel(id: 2, on: "x").wake == true)
        #expect(machine.cancel(id: 2, on: "x").wake == false)
        #expect(machine.nextBatch() == .init(unsubscribe: ["x"]))
        #expect(machine.unsubscribed("x") == false)
        #expect(machine.channelCount == 0)
    }

    @Test func `Cancelled before anything was sent, nothing is sent`() {
        var machine = connected()
        _ = machine.subscribe("a", id: 1, to: "x", waiter: 1)
        #expect(machine.cancel(id: 1, on: "x").waiter == 1)
        #expect(machine.nextBatch() == nil)
        #expect(machine.channelCount == 0)
    }

    @Test func `Cancelled while joining, the channel is left once joined`() {
        var machine = connected()
        _ = machine.subscribe("a", id: 1, to: "x", waiter: 1)
        _ = machine.nextBatch()
        #expect(machine.cancel(id: 1, on: "x").wake == false)
        #expect(machine.nextBatch() == nil)
        #expect(machine.subscribed("x")?.wake == true)
        #expect(machine.nextBatch() == .init(unsubscribe: ["x"]))
    }

    @Test func `Wanted again while leaving, the channel is joined once left`() {
        var machine = connected()
        join("x", with: ["a"], in: &machine)
        _ = machine.cancel(id: 1, on: "x")
        _ = machine.nextBatch()
        #expect(machine.subscribe("b", id: 2, to: "x", waiter: 2) == .wait(wake: false))
        #expect(machine.nextBatch() == nil)
        #expect(machine.unsubscribed("x") == true)
        #expect(machine.nextBatch() == .init(subscribe: ["x"]))
        #expect(machine.subscribed("x")?.waiters == [2])
    }

    @Test func `Wanted again before leaving was sent, the channel stays`() {
        var machine = connected()
        join("x", with: ["a"], in: &machine)
        _ = machine.cancel(id: 1, on: "x")
        #expect(machine.subscribe("b", id: 2, to: "x", waiter: 2) == .resume)
        #expect(machine.nextBatch() == nil)
    }

    @Test func `After a lost connection every receiver is restored when its channel is confirmed`() {
        var machine = connected()
        join("x", with: ["a", "b"], in: &machine)
        join("y", with: ["c"], firstID: 3, in: &machine)
        #expect(machine.disconnected().isEmpty)
        #expect(machine.nextBatch() == nil)
        machine.connected()
        #expect(machine.nextBatch().map { Set($0.subscribe) } == ["x", "y"])
        #expect(machine.subscribed("y")?.restored == ["c"])
        #expect(machine.subscribed("x")?.restored == ["a", "b"])
    }

    @Test func `Whoever waits when the connection is lost goes on and is restored later`() {
        var machine = connected()
        _ = machine.subscribe("a", id: 1, to: "x", waiter: 1)
        _ = machine.nextBatch()
        #expect(machine.disconnected() == [1])
        machine.connected()
        #expect(machine.nextBatch() == .init(subscribe: ["x"]))
        #expect(machine.subscribed("x")?.restored == ["a"])
    }

    @Test func `Whoever does not want to wait is restored, too`() {
        var machine = connected()
        _ = machine.subscribe("a", id: 1, to: "x", waiter: 1)
        #expect(machine.abandonWait(id: 1, on: "x") == 1)
        #expect(machine.abandonWait(id: 1, on: "x") == nil)
        _ = machine.nextBatch()
        #expect(machine.subscribed("x")?.restored == ["a"])
    }

    @Test func `A channel nobody wants any more does not come back with the connection`() {
        var machine = connected()
        join("x", with: ["a"], in: &machine)
        _ = machine.cancel(id: 1, on: "x")
        _ = machine.nextBatch()
        _ = machine.disconnected()
        machine.connected()
        #expect(machine.nextBatch() == nil)
        #expect(machine.channelCount == 0)
    }

    @Test func `Cancelled while disconnected, it is forgotten`() {
        var machine = connected()
        join("x", with: ["a"], in: &machine)
        _ = machine.disconnected()
        #expect(machine.cancel(id: 1, on: "x").wake == false)
        #expect(machine.channelCount == 0)
    }

    @Test func `Requests are batched and wait for confirmations`() {
        var machine = connected(maximumBatch: 3, maximumUnconfirmed: 5)
        let names = (0..<8).map(String.init)
        for (id, name) in names.enumerated() {
            _ = machine.subscribe("r", id: UInt64(id), to: name, waiter: id)
        }
        #expect(machine.nextBatch()?.subscribe == ["0", "1", "2"])
        #expect(machine.nextBatch()?.subscribe == ["3", "4"])
        #expect(machine.nextBatch() == nil)
        for name in names.prefix(4) { #expect(machine.subscribed(name) != nil) }
        #expect(machine.nextBatch()?.subscribe == ["5", "6", "7"])
        #expect(machine.nextBatch() == nil)
    }

    @Test func `A confirmation of nothing is a violation`() {
        var machine = connected()
        #expect(machine.subscribed("x") == nil)
        #expect(machine.unsubscribed("x") == nil)
        join("x", with: ["a"], in: &machine)
        #expect(machine.subscribed("x") == nil)
        #expect(machine.unsubscribed("x") == nil)
    }

    /// Any order of events leaves the server with what is wanted, once it has confirmed everything.
    @Test(arguments: 0..<50)
    func `The server ends with what is wanted`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var machine = connected(maximumBatch: 2, maximumUnconfirmed: 3)
        var wanted: [UInt64: String] = [:]
        var server: Set<String> = []
        var requests: [(name: String, joins: Bool)] = []
        func confirmOne() {
            guard !requests.isEmpty else { return }
            let request = requests.removeFirst()
            if request.joins {
                #expect(server.insert(request.name).inserted)
                #expect(machine.subscribed(request.name) != nil)
            } else {
                #expect(server.remove(request.name) != nil)
                #expect(machine.unsubscribed(request.name) != nil)
            }
        }
        func send() {
            while let batch = machine.nextBatch() {
                requests += batch.unsubscribe.map { ($0, false) } + batch.subscribe.map { ($0, true) }
            }
        }
        for id in 0..<UInt64(300) {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<4:
                let name = String(Int.random(in: 0..<6, using: &generator))
                wanted[id] = name
                _ = machine.subscribe("r", id: id, to: name, waiter: 0)
            case 4..<7:
                guard let (id, name) = wanted.min(by: { $0.key < $1.key }) else { continue }
                wanted[id] = nil
                _ = machine.cancel(id: id, on: name)
            case 7: send()
            case 8: confirmOne()
            default:
                guard Int.random(in: 0..<5, using: &generator) == 0 else { continue }
                _ = machine.disconnected()
                server = []
                requests = []
                machine.connected()
            }
        }
        repeat {
            send()
            confirmOne()
            send()
        } while !requests.isEmpty
        #expect(server == Set(wanted.values))
        #expect(machine.channelCount == server.count)
    }

    private func join(_ name: String, with receivers: [String], firstID: UInt64 = 1, in machine: inout Machine) {
        for (offset, receiver) in receivers.enumerated() {
            let id = firstID + UInt64(offset)
            _ = machine.subscribe(receiver, id: id, to: name, waiter: Int(id))
        }
        #expect(machine.nextBatch() == .init(subscribe: [name]))
        #expect(machine.subscribed(name)?.waiters.count == receivers.count)
        #expect(machine.nextBatch() == nil)
    }
}
