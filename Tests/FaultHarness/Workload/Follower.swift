import ChatCore
import TestSupport

/// A client without a socket: it asks any REST node for the events after the last it has had, again and again.
actor Follower {
    private static let waitSeconds = 5

    private let calls: Calls
    private let history: History
    private var random: SeededGenerator
    private(set) var view: DeviceView

    init(_ name: String, of client: TestClient, history: History, seed: UInt64) {
        calls = Calls(client: client, history: history)
        self.history = history
        random = SeededGenerator(seed: seed)
        view = DeviceView(name: name, client: client.id)
    }

    /// Goes on until told that it is over.
    func run(until isOver: Watched<Bool>) async {
        while !isOver.current { await ask() }
    }

    /// Asks until there are so many events, or the time is over.
    func catchUp(to seq: Int64, within timeout: Duration) async {
        let deadline = ContinuousClock.now + timeout
        while view.lastSeq < seq, ContinuousClock.now < deadline { await ask() }
    }

    private func ask() async {
        let path = "/api/v1/events?after_seq=\(view.lastSeq)&wait_seconds=\(Self.waitSeconds)"
        var random = SeededGenerator(seed: self.random.next())
        guard let answer = await calls.send("GET", path, random: &random).answer else { return }
        guard answer.status == 200 else {
            history.violation("\(view.name): \(answer)")
            return
        }
        if answer["resync"] == true { view.resyncs += 1 }
        for event in answer["events"]?.arrayValue ?? [] {
            let digest = EventDigest.of(event.string("type"), event["payload"] ?? .null)
            view.events.append(DeviceView.Event(seq: event["seq"]?.integerValue ?? -1, digest: digest))
        }
    }
}
