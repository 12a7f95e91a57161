/// Those who watch a running stream, each at its own place, and the chunks that are held for them.
///
/// A value-type machine, to be used under a lock: viewers on this node are handed what comes in the very call, so that
/// two chunks never reach one of them the other way round.
struct StreamAudience: Sendable {
    /// So much of the newest is always held, for those who come back.
    static let heldBytes = 256 * 1024
    /// So much is held for those who are slow; whoever falls behind further gets a snapshot.
    static let maximumBytes = 10 << 20
    /// A viewer on another node that is so far behind counts as one that cannot take more.
    static let farBehindBytes = 256 * 1024

    private struct Viewer {
        let receiver: any StreamViewer
        var next: Int
        var isFull = false
    }

    /// A viewer on another node, which fetches.
    private struct RemoteViewer {
        var next: Int
        /// It is taken for gone when it has not fetched until then.
        var lapsesAt: ContinuousClock.Instant
    }

    private(set) var window = ChunkWindow()
    private var viewers: [Int: Viewer] = [:]
    private var remoteViewers: [String: RemoteViewer] = [:]
    private var lastNumber = 0
    private(set) var outcome: StreamOutcome?
    /// Counts who has come.
    private(set) var arrivals = 0

    var hasViewers: Bool { !viewers.isEmpty }

    // MARK: Viewers on this node

    /// Adds a viewer that wants the chunks from `next` on, or a snapshot first. Nothing is handed over before
    /// ``hasRoom(_:)``, so that it can take its seat first.
    mutating func add(_ receiver: any StreamViewer, from next: Int?) -> Int {
        lastNumber += 1
        arrivals += 1
        viewers[lastNumber] = Viewer(receiver: receiver, next: next ?? -1, isFull: true)
        return lastNumber
    }

    mutating func remove(_ number: Int) {
        viewers[number] = nil
    }

    mutating func hasRoom(_ number: Int) {
        viewers[number]?.isFull = false
    }

    /// Hands a viewer what it has not had, as far as it can take it, and the end after that.
    mutating func serve(_ number: Int, soFar: () -> [ContentPart]) {
        while let viewer = viewers[number], !viewer.isFull {
            if let chunk = window.chunk(at: viewer.next) {
                viewers[number]?.next += 1
                viewers[number]?.isFull = !viewer.receiver.deliver(chunk.json, index: viewer.next)
            } else if viewer.next != window.endIndex {
                viewers[number]?.next = window.endIndex
                viewers[number]?.isFull = !viewer.receiver.deliver(snapshot: soFar(), nextChunk: window.endIndex)
            } else if let outcome {
                viewers[number] = nil
                viewer.receiver.ended(outcome)
            } else {
                return
            }
        }
    }

    // MARK: Viewers on other nodes

    /// A viewer on another node has everything before `next` and asks for more.
    mutating func heard(of viewer: String, at next: Int, until lapse: ContinuousClock.Instant) {
        if remoteViewers[viewer] == nil { arrivals += 1 }
        remoteViewers[viewer] = RemoteViewer(next: next, lapsesAt: lapse)
    }

    mutating func remoteViewerHasEnd(_ viewer: String) {
        remoteViewers[viewer] = nil
    }

    /// When the first of those on other nodes is taken for gone; `nil` when there is none.
    mutating func nextLapse(now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        remoteViewers = remoteViewers.filter { $0.value.lapsesAt > now }
        return remoteViewers.values.map(\.lapsesAt).min()
    }

    // MARK: The stream

    mutating func append(_ chunk: StreamChunk, soFar: () -> [ContentPart]) {
        window.append(chunk)
        for number in viewers.keys { serve(number, soFar: soFar) }
        var slowest = window.endIndex
        for viewer in viewers.values { slowest = min(slowest, viewer.next) }
        for viewer in remoteViewers.values { slowest = min(slowest, viewer.next) }
        window.trim(to: Self.heldBytes, keepingFrom: slowest, within: Self.maximumBytes)
    }

    mutating func finish(_ outcome: StreamOutcome, soFar: () -> [ContentPart]) {
        self.outcome = outcome
        for number in viewers.keys { serve(number, soFar: soFar) }
    }

    /// Whether the backend is to wait: somebody watches, and nobody can take more.
    mutating func mustPause(now: ContinuousClock.Instant) -> Bool {
        let hasRemoteViewers = nextLapse(now: now) != nil
        guard hasRemoteViewers || !viewers.isEmpty else { return false }
        return viewers.values.allSatisfy(\.isFull)
            && remoteViewers.values.allSatisfy { window.byteCount(from: $0.next) > Self.farBehindBytes }
    }

    /// Whether nobody watches.
    mutating func isEmpty(now: ContinuousClock.Instant) -> Bool {
        viewers.isEmpty && nextLapse(now: now) == nil
    }
}
