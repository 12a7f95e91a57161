import ChatCore
import Testing

@testable import ChatRelay

@Suite struct DeliveryDeskTests {
    private let now = ContinuousClock.now

    private func expectBegun(_ deliveries: [WebhookDelivery], at desk: inout DeliveryDesk) {
        for delivery in deliveries {
            let isBegun = desk.began(delivery)
            #expect(isBegun)
        }
    }

    @Test func `What is under way takes room, of its session type and of all`() throws {
        var desk = DeliveryDesk()
        let type = SessionTypeID.make()
        let deliveries = try (0..<3).map { _ in try WebhookDelivery.sample(of: type) }
        expectBegun(deliveries, at: &desk)
        let demand = desk.demand(at: now)
        let busy = try #require(demand)
        #expect(busy.total == DeliveryDesk.maximumOfAll / 2 - 3)
        #expect(busy.perSessionType == DeliveryDesk.maximumOfOneType)
        #expect(busy.rooms == [type: DeliveryDesk.maximumOfOneType - 3])
        for delivery in deliveries { desk.ended(delivery) }
        let idle = desk.demand(at: now)
        #expect(idle?.rooms == [:])
        #expect(desk.held.isEmpty)
    }

    @Test func `Session types that have nothing under way get room when many others have all theirs`() throws {
        var desk = DeliveryDesk()
        let slow = SessionTypeID.make()
        let perType = DeliveryDesk.maximumOfOneType
        let deliveries = try (0..<DeliveryDesk.maximumOfAll / 2).map { number in
            try WebhookDelivery.sample(of: number < perType - 1 ? slow : .make())
        }
        expectBegun(deliveries, at: &desk)
        let demand = desk.demand(at: now)
        #expect(demand?.total == DeliveryDesk.maximumOfAll / 2)
        #expect(demand?.perSessionType == 1)
        #expect(demand?.rooms[slow] == 0)
    }

    @Test func `A full desk takes nothing`() throws {
        var desk = DeliveryDesk()
        let deliveries = try (0..<DeliveryDesk.maximumOfAll).map { _ in try WebhookDelivery.sample() }
        expectBegun(deliveries, at: &desk)
        let full = desk.demand(at: now)
        #expect(full == nil)
        desk.ended(try #require(deliveries.first))
        let demand = desk.demand(at: now)
        #expect(demand?.total == 1)
    }

    @Test func `What is under way already is not begun again, and counts once`() throws {
        var desk = DeliveryDesk()
        let delivery = try WebhookDelivery.sample()
        let begun = [desk.began(delivery), desk.began(delivery)]
        #expect(begun == [true, false])
        desk.ended(delivery)
        desk.ended(delivery)
        let demand = desk.demand(at: now)
        #expect(demand?.rooms == [:])
    }

    @Test func `A session type that pauses gets no room until its time is over`() throws {
        var desk = DeliveryDesk()
        let type = SessionTypeID.make()
        desk.pause(type, until: now + .seconds(30))
        desk.pause(type, until: now + .seconds(10))
        let before = desk.demand(at: now + .seconds(29))
        #expect(before?.rooms == [type: 0])
        let after = desk.demand(at: now + .seconds(30))
        #expect(after?.rooms == [:])
    }
}
