import DequeModule
package import NIOCore
package import NIOWebSocket
import Synchronization

/// The frames a connection still has to send, from whatever tasks they come, in the order they came.
///
/// At most one write is under way; what comes meanwhile is written together when it is done. So a quick peer gets each
/// frame at once, and a slow or busy one gets them in few writes. Every frame may belong to a ``StreamFlow``, which
/// learns when it was taken by the socket.
package final class OutboundQueue: Sendable {
    private struct Entry: Sendable {
        let opcode: WebSocketOpcode
        let payload: [UInt8]
        let flow: StreamFlow?
        /// Nothing is sent after it; the connection closes once it is out.
        let isLast: Bool
    }

    private struct State {
        var entries: Deque<Entry> = []
        var bytes = 0
        /// Of the entries.
        var pongs = 0
        /// The answer to the latest ping, while too many others wait.
        var owedPong: Entry?
        /// A drain is scheduled or a write under way.
        var isBusy = false
        var isClosed = false
    }

    /// What one write takes from the queue at most, unless one frame alone is larger.
    private static let maximumWriteBytes = 64 * 1024

    /// What may wait at most. Streams wait long before (see ``StreamFlow``); a connection that comes this far does not
    /// take its push events, and is closed as a slow consumer.
    static let maximumBytes = 16 << 20

    /// Answers to pings that may wait at most: of more, only the latest gets one, as RFC 6455 allows (section 5.5.3).
    /// So a peer that sends pings and takes nothing costs no more than this.
    static let maximumPongs = 32

    private let channel: any Channel
    private let onOverflow: @Sendable () -> Void
    private let state = Mutex(State())

    /// - Parameter onOverflow: called once when more than ``maximumBytes`` wait.
    package init(channel: any Channel, onOverflow: @escaping @Sendable () -> Void = {}) {
        self.channel = channel
        self.onOverflow = onOverflow
    }

    func send(text payload: [UInt8], flow: StreamFlow? = nil) {
        enqueue(Entry(opcode: .text, payload: payload, flow: flow, isLast: false))
    }

    package func send(_ opcode: WebSocketOpcode, _ payload: [UInt8]) {
        enqueue(Entry(opcode: opcode, payload: payload, flow: nil, isLast: false))
    }

    /// Sends a ping before all that is queued, so that a client that is behind can show that it is there.
    func sendPing() {
        enqueue(Entry(opcode: .ping, payload: [], flow: nil, isLast: false), isFirst: true)
    }

    /// Sends a close frame after what is queued; nothing is taken after it.
    package func finish(closePayload: [UInt8]) {
        enqueue(Entry(opcode: .connectionClose, payload: closePayload, flow: nil, isLast: true))
    }

    /// Sends a close frame in place of what is queued.
    func finishAtOnce(closePayload: [UInt8]) {
        drop()
        finish(closePayload: closePayload)
    }

    private func drop() {
        let dropped = state.withLock { state in
            state.bytes = 0
            state.pongs = 0
            state.owedPong = nil
            defer { state.entries = [] }
            return state.entries
        }
        for entry in dropped { entry.flow?.taken(entry.payload.count) }
    }

    /// The channel is gone: what is queued is dropped, and nobody waits for it.
    package func close() {
        state.withLock { $0.isClosed = true }
        drop()
    }

    private func enqueue(_ entry: Entry, isFirst: Bool = false) {
        let (mustSchedule, closes, dropped) = state.withLock { state -> (Bool, Bool, Deque<Entry>) in
            guard !state.isClosed else { return (false, false, [entry]) }
            if entry.opcode == .pong {
                guard state.pongs < Self.maximumPongs else {
                    state.owedPong = entry
                    return (false, false, [])
                }
                state.pongs += 1
            }
            var dropped: Deque<Entry> = []
            // A frame alone may be larger: it is as good as what a client has to be able to take anyway.
            if state.bytes > 0, state.bytes + entry.payload.count > Self.maximumBytes {
                dropped = state.entries
                dropped.append(entry)
                let payload = ServerFrame.closePayload(.slowConsumer, reason: "the client does not keep up")
                state.entries = [Entry(opcode: .connectionClose, payload: payload, flow: nil, isLast: true)]
                state.bytes = payload.count
                state.isClosed = true
            } else {
                if isFirst { state.entries.prepend(entry) } else { state.entries.append(entry) }
                state.bytes += entry.payload.count
                if entry.isLast { state.isClosed = true }
            }
            defer { state.isBusy = true }
            return (!state.isBusy, state.isClosed, dropped)
        }
        if closes, !dropped.isEmpty { onOverflow() }
        for entry in dropped { entry.flow?.taken(entry.payload.count) }
        if mustSchedule { channel.eventLoop.execute { self.write() } }
        if closes { ConnectionCloser.closeSoon(channel) }
    }

    /// Writes what is queued; on the event loop.
    private func write() {
        let batch = state.withLock { state in
            var batch: [Entry] = []
            var bytes = 0
            while let entry = state.entries.first,
                batch.isEmpty || bytes + entry.payload.count <= Self.maximumWriteBytes
            {
                state.entries.removeFirst()
                bytes += entry.payload.count
                batch.append(entry)
                if entry.opcode == .pong { state.pongs -= 1 }
            }
            state.bytes -= bytes
            if let pong = state.owedPong, state.pongs < Self.maximumPongs, !state.isClosed {
                state.owedPong = nil
                state.entries.append(pong)
                state.bytes += pong.payload.count
                state.pongs += 1
            }
            if batch.isEmpty { state.isBusy = false }
            return batch
        }
        guard !batch.isEmpty else { return }
        var buffer = channel.allocator.buffer(capacity: batch.reduce(0) { $0 + $1.payload.count + 10 })
        for entry in batch { ServerFrame.write(entry.opcode, entry.payload, into: &buffer) }
        let isLast = batch.last?.isLast ?? false
        channel.writeAndFlush(buffer).whenComplete { _ in
            for entry in batch { entry.flow?.taken(entry.payload.count) }
            if isLast {
                ConnectionCloser.closeWhenPeerHas(self.channel)
            } else {
                // Not at once: a quick peer takes a write on the spot, and one would stand on the stack of the other.
                self.channel.eventLoop.execute { self.write() }
            }
        }
    }
}

/// The close frame is out; told to the channel's handlers.
struct CloseFrameSent: Sendable {}

/// Ends a connection whose close frame is out.
enum ConnectionCloser {
    /// How long the peer has to answer with its own close frame and to hang up.
    static let patience: TimeAmount = .seconds(2)
    /// How long the peer has to take what is sent before the close frame, and that.
    static let takingPatience: TimeAmount = .seconds(10)

    /// However the closing goes, the channel is gone after ``takingPatience``: a peer that takes nothing never gets the
    /// close frame.
    static func closeSoon(_ channel: any Channel) {
        channel.eventLoop.execute { close(channel, in: takingPatience) }
    }

    static func closeWhenPeerHas(_ channel: any Channel) {
        channel.pipeline.fireUserInboundEventTriggered(CloseFrameSent())
        close(channel, in: patience)
    }

    private static func close(_ channel: any Channel, in patience: TimeAmount) {
        let timeout = channel.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in timeout.cancel() }
    }
}
