import ChatCore
import Testing

@Suite struct EventFeedTests {
    private func event(_ seq: Int64) throws -> PushEvent {
        let client = try #require(ClientID("c"))
        return PushEvent(
            clientID: client,
            seq: seq,
            kind: .messageCreated,
            payload: #"{"n":\#(seq)}"#,
            createdAt: Timestamp(microsecondsSince1970: 0)
        )
    }

    private func events(_ seqs: ClosedRange<Int64>) throws -> [PushEvent] { try seqs.map(event) }

    @Test func deliversInOrderOnce() throws {
        var feed = EventFeed(position: 3)
        #expect(feed.arrived(try event(3)) == .none)
        #expect(feed.arrived(try event(4)) == .deliver(try events(4...4)))
        #expect(feed.arrived(try event(4)) == .none)
        #expect(feed.arrived(try event(5)) == .deliver(try events(5...5)))
        #expect(feed.position == 5)
    }

    @Test func readsAGapBack() throws {
        var feed = EventFeed(position: 0)
        #expect(feed.arrived(try event(3)) == .deliverAndReadBack([], after: 0))
        #expect(feed.arrived(try event(1)) == .none)
        #expect(feed.readBack(try events(1...2), reachedEnd: true) == .deliverAndReadBack(try events(1...3), after: 3))
        #expect(feed.readBack([], reachedEnd: true) == .none)
        #expect(feed.arrived(try event(4)) == .deliver(try events(4...4)))
    }

    @Test func readsOnUntilTheEnd() throws {
        var feed = EventFeed(position: 0)
        #expect(feed.restored() == .deliverAndReadBack([], after: 0))
        #expect(feed.readBack(try events(1...2), reachedEnd: false) == .deliverAndReadBack(try events(1...2), after: 2))
        #expect(feed.readBack(try events(3...3), reachedEnd: true) == .deliver(try events(3...3)))
    }

    @Test func aFailedReadIsTriedAgain() throws {
        var feed = EventFeed(position: 0)
        #expect(feed.arrived(try event(2)) == .deliverAndReadBack([], after: 0))
        feed.readBackFailed()
        #expect(feed.restored() == .deliverAndReadBack([], after: 0))
        #expect(feed.readBack(try events(1...2), reachedEnd: true) == .deliver(try events(1...2)))
    }

    @Test func goesOnWhereTheLogNoLongerReaches() throws {
        var feed = EventFeed(position: 5)
        #expect(feed.arrived(try event(9)) == .deliverAndReadBack([], after: 5))
        #expect(feed.readBack([], reachedEnd: true) == .deliver(try events(9...9)))
        #expect(feed.position == 9)
    }

    /// What does not fit is read back from the log with the rest.
    @Test func keepsNoMoreEarlyEventsThanItMay() throws {
        let client = try #require(ClientID("c"))
        func large(_ seq: Int64) -> PushEvent {
            PushEvent(
                clientID: client,
                seq: seq,
                kind: .messageCreated,
                payload: String(repeating: " ", count: EventFeed.maximumEarlyBytes / 4),
                createdAt: Timestamp(microsecondsSince1970: 0)
            )
        }
        var feed = EventFeed(position: 0)
        #expect(feed.arrived(large(2)) == .deliverAndReadBack([], after: 0))
        for seq in 2...9 { #expect(feed.arrived(large(Int64(seq))) == .none) }
        #expect(feed.readBack([large(1)], reachedEnd: true) == .deliverAndReadBack((1...5).map(large), after: 5))
        // There is room again.
        #expect(feed.arrived(large(7)) == .none)
        #expect(feed.readBack([large(6)], reachedEnd: true) == .deliverAndReadBack((6...7).map(large), after: 7))
        #expect(feed.readBack((8...9).map(large), reachedEnd: true) == .deliver((8...9).map(large)))
    }

    @Test func anyOrderOfArrivalsEndsInTheSameOrder() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            var feed = EventFeed(position: 0)
            let all = try events(1...20)
            var delivered: [Int64] = []
            var mustRead = false
            func apply(_ action: EventFeed.Action) {
                switch action {
                case .none: break
                case .deliver(let events): delivered += events.map(\.seq)
                case .deliverAndReadBack(let events, _):
                    delivered += events.map(\.seq)
                    mustRead = true
                }
            }
            for event in all.shuffled(using: &generator) where Bool.random(using: &generator) {
                apply(feed.arrived(event))
            }
            apply(feed.restored())
            while mustRead {
                mustRead = false
                let missing = all.filter { $0.seq > feed.position }.prefix(7)
                apply(feed.readBack(Array(missing), reachedEnd: missing.count < 7))
            }
            #expect(delivered == Array(1...20))
        }
    }

    @Test func signalsCarryEvents() throws {
        let event = try event(42)
        #expect(PushEventSignal.decode(PushEventSignal.encode(event), client: event.clientID) == event)
        for bytes in ["", "\n", "1 message.created\n{}", "x message.created 1\n{}", "1 other 1\n{}"] {
            #expect(PushEventSignal.decode(Array(bytes.utf8), client: event.clientID) == nil)
        }
    }

    @Test(arguments: [2, PushEventSignal.maximumPayloadBytes, PushEventSignal.maximumPayloadBytes + 1])
    func aSignalCarriesWhatTheBusTakes(bytes: Int) throws {
        let client = try #require(ClientID("alice"))
        let payload = "{\(String(repeating: " ", count: bytes - 2))}"
        let event = PushEvent(
            clientID: client,
            seq: 7,
            kind: .messageCreated,
            payload: payload,
            createdAt: Timestamp(microsecondsSince1970: 5)
        )
        let signal = PushEventSignal.encode(event)
        #expect(signal.count <= PushEventSignal.maximumPayloadBytes + 100)
        let decoded = try #require(PushEventSignal.decode(signal, client: client))
        #expect(decoded.seq == 7)
        #expect(decoded.payload == (bytes > PushEventSignal.maximumPayloadBytes ? "" : payload))
    }
}
