import Testing

@testable import ChatBackends

@Suite struct ConnectionSlotsTests {
    @Test func `Slots are granted up to the limit, then in turn`() {
        var slots = ConnectionSlots<String>(maximumWaiting: 10)
        #expect(slots.request(limit: 2) == .granted)
        #expect(slots.request(limit: 2) == .granted)
        #expect(slots.request(limit: 2) == .wait(1))
        #expect(slots.request(limit: 2) == .wait(2))
        #expect(slots.wait("first", ticket: 1) == .wait)
        #expect(slots.wait("second", ticket: 2) == .wait)
        #expect(slots.release() == ["first"])
        #expect(slots.release() == ["second"])
        #expect(slots.release() == [])
        #expect(slots.release() == [])
        #expect(slots.isUnused)
    }

    @Test func `A turn may come before its waiter`() {
        var slots = ConnectionSlots<String>(maximumWaiting: 10)
        #expect(slots.request(limit: 1) == .granted)
        #expect(slots.request(limit: 1) == .wait(1))
        #expect(slots.release() == [])
        #expect(slots.inUse == 1)
        #expect(slots.wait("early", ticket: 1) == .granted)
    }

    @Test func `Who gives up is passed over`() {
        var slots = ConnectionSlots<String>(maximumWaiting: 10)
        #expect(slots.request(limit: 1) == .granted)
        #expect(slots.request(limit: 1) == .wait(1))
        #expect(slots.request(limit: 1) == .wait(2))
        #expect(slots.request(limit: 1) == .wait(3))
        #expect(slots.wait("first", ticket: 1) == .wait)
        #expect(slots.wait("third", ticket: 3) == .wait)
        #expect(slots.giveUp(1) == "first")
        #expect(slots.giveUp(1) == nil)
        #expect(slots.giveUp(2) == nil)
        #expect(slots.wait("second", ticket: 2) == .givenUp)
        #expect(slots.release() == ["third"])
    }

    @Test func `A limit that grew lets several in, one that shrank none`() {
        var slots = ConnectionSlots<Int>(maximumWaiting: 10)
        for _ in 0..<2 { #expect(slots.request(limit: 2) == .granted) }
        for ticket in 1...3 {
            #expect(slots.request(limit: 2) == .wait(UInt64(ticket)))
            #expect(slots.wait(ticket, ticket: UInt64(ticket)) == .wait)
        }
        #expect(slots.request(limit: 1) == .wait(4))
        #expect(slots.release() == [])
        #expect(slots.request(limit: 4) == .wait(5))
        #expect(slots.release() == [1, 2, 3])
    }

    @Test func `The queue is bounded`() {
        var slots = ConnectionSlots<Int>(maximumWaiting: 1)
        #expect(slots.request(limit: 1) == .granted)
        #expect(slots.request(limit: 1) == .wait(1))
        #expect(slots.request(limit: 1) == .refuse)
    }
}
