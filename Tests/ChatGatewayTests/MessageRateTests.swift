import Testing

@testable import ChatGateway

@Suite struct MessageRateTests {
    private let start = ContinuousClock.now

    @Test(arguments: [1, 3, 7, 50, 99_999, 100_000])
    func aBurstIsTwiceTheRate(_ perSecond: Int) {
        var rate = MessageRate(perSecond: perSecond)
        let admitted = (0..<perSecond * 3).count { _ in rate.admits(start) }
        #expect(admitted == perSecond * 2)
    }

    @Test(arguments: [1, 3, 7, 50])
    func whatKeepsToTheRateIsNeverRefused(_ perSecond: Int) {
        var rate = MessageRate(perSecond: perSecond)
        for number in 0..<perSecond * 60 {
            #expect(rate.admits(start + .seconds(1) * number / perSecond) == true)
        }
    }

    @Test func anEmptyBucketFillsMessageByMessage() {
        var rate = MessageRate(perSecond: 4)
        for _ in 0..<8 { _ = rate.admits(start) }
        for number in 1...20 {
            let now = start + .milliseconds(250 * number)
            #expect(rate.admits(now - .milliseconds(1)) == false)
            #expect(rate.admits(now) == true)
            #expect(rate.admits(now) == false)
        }
    }

    @Test func afterTheAdvisedTimeOneMayCome() {
        var rate = MessageRate(perSecond: 1)
        for _ in 0..<10 { _ = rate.admits(start) }
        #expect(rate.admits(start + .seconds(MessageRate.retryAfterSeconds)) == true)
    }

    @Test func aLongSilenceSavesUpNoMoreThanTheBurst() {
        var rate = MessageRate(perSecond: 5)
        _ = rate.admits(start)
        let later = start + .seconds(86_400)
        let admitted = (0..<100).count { _ in rate.admits(later) }
        #expect(admitted == 10)
    }

    @Test func refusedMessagesCostNothing() {
        var rate = MessageRate(perSecond: 2)
        for _ in 0..<1000 { _ = rate.admits(start) }
        #expect(rate.admits(start + .milliseconds(500)) == true)
    }

    @Test func recentEventsAreCountedWithinTheWindow() {
        var events = RecentEvents(maximum: 3, window: .seconds(10))
        #expect(events.add(start) == false)
        #expect(events.add(start + .seconds(9)) == false)
        // The first no longer counts.
        #expect(events.add(start + .seconds(10)) == false)
        #expect(events.add(start + .seconds(18)) == true)
        #expect(events.add(start + .seconds(18)) == true)
        #expect(events.add(start + .seconds(60)) == false)
    }

    @Test func oneMayBeTooMany() {
        var events = RecentEvents(maximum: 1, window: .seconds(1))
        #expect(events.add(start) == true)
    }
}
