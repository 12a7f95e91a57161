import DequeModule
package import NIOCore
package import NIOWebSocket
import Synchronization

/// The frames a connection still has to send, from whatever tasks they come, in the order they came.
///
/// At most one write is under way; what comes meanwhile is written together when it is done. So a quick peer gets each
/// frame at once, and a slow or busy one gets them in few writes. A large frame is written piece by piece, so that it is
/// seen whether the peer takes it. Every frame may belong to a ``StreamFlow``, which learns when it was taken by the
/// socket.
package final class OutboundQueue: Sendable {
    private struct Entry: Sendable {
        let opcode: WebSocketOpcode
        let payload: [UInt8]
        let flow: StreamFlow?
        /// Nothing is sent after it; the connection closes once it is out.
        let isLast: Bool
        /// What of the payload was written already.
        var writtenBytes = 0
    }

    /// What one write takes of an entry.
    private struct Piece: Sendable {
        let entry: Entry
        let range: Range<Int>

        var isWhatIsLast: Bool { entry.isLast && range.upperBound == entry.payload.count }
    }

    private struct State {
        var entries: Deque<Entry> = []
        var bytes = 0
        /// More waits than is to.
        var isFull = false
        /// Of the entries.
        var pongs = 0
        /// The answer to the latest ping, while too many others wait.
        var owedPong: Entry?
        /// A drain is scheduled or a write under way.
        var isBusy = false
        var isClosed = false
    }

    /// What one write takes from the queue at most.
    private static let maximumWriteBytes = 64 * 1024

    /// What may wait before the client is to take some of it: until half of it is left, nothing is read from the client.
    ///
    /// What comes by itself waits long before (see ``StreamFlow``); what is left are answers, and the ends of streams that
    /// were all but taken. A client that reads none of them cannot ask for more.
    static let maximumBytes = 16 << 20

    /// Answers to pings that may wait at most: of more, only the latest gets one, as RFC 6455 allows (section 5.5.3).
    /// So a peer that sends pings and takes nothing costs no more than this.
    static let maximumPongs = 32

    private let channel: any Channel
    private let patience: ClientPatience?
    private let valve: InboundValve
    private let state = Mutex(State())

    package convenience init(channel: any Channel) {
        self.init(channel: channel, valve: InboundValve(channel: channel), patience: nil)
    }

    /// - Parameters:
    ///   - valve: shut while more than ``maximumBytes`` wait.
    ///   - patience: learns of that, and of what the socket takes.
    init(channel: any Channel, valve: InboundValve, patience: ClientPatience?) {
        self.channel = channel
        self.valve = valve
        self.patience = patience
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

    /// Sends a close frame in place of what is queued. A frame of which a part was written is sent to its end: nothing
    /// else can come in its middle.
    func finishAtOnce(closePayload: [UInt8]) {
        drop { $0.writtenBytes == 0 }
        finish(closePayload: closePayload)
    }

    private func drop(where isDropped: (Entry) -> Bool) {
        let dropped = state.withLock { state in
            let dropped = state.entries.filter(isDropped)
            state.entries.removeAll(where: isDropped)
            state.bytes = state.entries.reduce(0) { $0 + $1.payload.count - $1.writtenBytes }
            state.pongs = 0
            state.owedPong = nil
            return dropped
        }
        for entry in dropped { entry.flow?.taken(entry.payload.count - entry.writtenBytes) }
    }

    /// The channel is gone: what is queued is dropped, and nobody waits for it.
    package func close() {
        state.withLock { $0.isClosed = true }
        drop { _ in true }
        patience?.close()
    }

    private func enqueue(_ entry: Entry, isFirst: Bool = false) {
        let (mustSchedule, becameFull, isTaken) = state.withLock { state -> (Bool, Bool, Bool) in
            guard !state.isClosed else { return (false, false, false) }
            if entry.opcode == .pong {
                guard state.pongs < Self.maximumPongs else {
                    state.owedPong = entry
                    return (false, false, true)
                }
                state.pongs += 1
            }
            if isFirst {
                let isWithinAFrame = state.entries.first.map { $0.writtenBytes > 0 } ?? false
                state.entries.insert(entry, at: isWithinAFrame ? 1 : 0)
            } else {
                state.entries.append(entry)
            }
            state.bytes += entry.payload.count
            if entry.isLast { state.isClosed = true }
            let becameFull = !state.isFull && state.bytes > Self.maximumBytes
            if becameFull { state.isFull = true }
            defer { state.isBusy = true }
            return (!state.isBusy, becameFull, true)
        }
        guard isTaken else {
            entry.flow?.taken(entry.payload.count)
            return
        }
        if becameFull {
            patience?.begin()
            valve.shut(for: .fullQueue)
        }
        if mustSchedule { channel.eventLoop.execute { self.write() } }
        if entry.isLast { ConnectionCloser.closeSoon(channel) }
    }

    /// Writes what is queued; on the event loop.
    private func write() {
        let (pieces, hasRoomAgain) = state.withLock { state in
            let pieces = Self.takePieces(from: &state)
            let hasRoomAgain = state.isFull && state.bytes <= Self.maximumBytes / 2
            if hasRoomAgain { state.isFull = false }
            if pieces.isEmpty { state.isBusy = false }
            return (pieces, hasRoomAgain)
        }
        if hasRoomAgain {
            patience?.end()
            valve.open(for: .fullQueue)
        }
        guard !pieces.isEmpty else { return }
        var buffer = channel.allocator.buffer(capacity: pieces.reduce(0) { $0 + $1.range.count + 10 })
        for piece in pieces {
            let entry = piece.entry
            if piece.range.lowerBound == 0 {
                ServerFrame.writeHeader(entry.opcode, payloadBytes: entry.payload.count, into: &buffer)
            }
            buffer.writeBytes(entry.payload[piece.range])
        }
        let isLast = pieces.last?.isWhatIsLast ?? false
        channel.writeAndFlush(buffer).whenComplete { _ in
            self.patience?.taken(pieces.reduce(0) { $0 + $1.range.count })
            for piece in pieces { piece.entry.flow?.taken(piece.range.count) }
            if isLast {
                ConnectionCloser.closeWhenPeerHas(self.channel)
            } else {
                // Not at once: a quick peer takes a write on the spot, and one would stand on the stack of the other.
                self.channel.eventLoop.execute { self.write() }
            }
        }
    }

    private static func takePieces(from state: inout State) -> [Piece] {
        var pieces: [Piece] = []
        var bytes = 0
        while var entry = state.entries.popFirst() {
            let start = entry.writtenBytes
            let end = min(entry.payload.count, start + maximumWriteBytes - bytes)
            pieces.append(Piece(entry: entry, range: start..<end))
            bytes += end - start
            guard end == entry.payload.count else {
                entry.writtenBytes = end
                state.entries.prepend(entry)
                break
            }
            if entry.opcode == .pong { state.pongs -= 1 }
            guard bytes < maximumWriteBytes else { break }
        }
        state.bytes -= bytes
        if let pong = state.owedPong, state.pongs < maximumPongs, !state.isClosed {
            state.owedPong = nil
            state.entries.append(pong)
            state.bytes += pong.payload.count
            state.pongs += 1
        }
        return pieces
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
