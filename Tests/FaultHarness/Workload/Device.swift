import ChatCore
import Foundation
import NIOCore
import TestSupport

/// One device of a client: it holds a connection to some gateway, comes back elsewhere with its last `seq` when that
/// breaks, and notes every event. It does one thing at a time.
actor Device {
    enum Outcome: Sendable {
        case ended(Exchange)
        case refused(Exchange, code: String)
        /// Nobody said in time what became of it.
        case unknown(Exchange)
    }

    private enum Failure: Error {
        case lost
    }

    private static let patience: Duration = .seconds(90)
    /// A connection on which nothing comes for so long is given up.
    private static let silence: Duration = .seconds(8)

    private let client: TestClient
    private let history: History
    private var random: SeededGenerator
    private var socket: WebSocketClient?
    private(set) var view: DeviceView

    init(_ name: String, of client: TestClient, history: History, seed: UInt64) {
        self.client = client
        self.history = history
        random = SeededGenerator(seed: seed)
        view = DeviceView(name: name, client: client.id)
    }

    /// Asks for an answer and takes it, over as many connections as that needs.
    ///
    /// - Parameter began: told the message's id as soon as it is known.
    func converse(
        _ type: String,
        _ payload: JSONValue,
        began: @Sendable (String) -> Void = { _ in }
    ) async -> Outcome {
        var exchange = Exchange(id: UUID().uuidString.lowercased(), type: type, payload: payload)
        let deadline = ContinuousClock.now + Self.patience
        defer {
            view.chunks += exchange.chunks
            for violation in exchange.violations { history.violation("\(view.name): \(violation)") }
        }
        while ContinuousClock.now < deadline {
            do {
                let socket = try await connected()
                let next = exchange.next(resumeID: UUID().uuidString.lowercased())
                try await socket.send(next.type, next.payload, id: next.id)
                reading: while true {
                    let envelope = try await receive(from: socket)
                    guard !took(envelope) else { continue }
                    let step = exchange.take(envelope)
                    if let id = exchange.messageID { began(id) }
                    switch step {
                    case .goesOn: break
                    case .goElsewhere: break reading
                    case .ended: return .ended(exchange)
                    case .refused(let code): return .refused(exchange, code: code)
                    }
                }
            } catch {
                note(error)
            }
            await leave()
            // As a client does before it connects again.
            try? await Task.sleep(for: .milliseconds(Int64.random(in: 50...400, using: &random)))
        }
        return .unknown(exchange)
    }

    /// Takes events until there are so many, or nothing more comes.
    func catchUp(to seq: Int64, within timeout: Duration) async {
        let deadline = ContinuousClock.now + timeout
        while view.lastSeq < seq, ContinuousClock.now < deadline {
            do {
                let envelope = try await receive(from: try await connected())
                _ = took(envelope)
            } catch {
                note(error)
                await leave()
                // As a client does before it connects again.
                try? await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    /// Takes what has come so far.
    func takeWaiting() async {
        guard let socket else { return }
        while !socket.waiting.isEmpty, let envelope = try? await receive(from: socket) { _ = took(envelope) }
        if socket.hasEnded { await leave() }
    }

    /// Loses its connection, as a device that goes through a tunnel.
    func leave() async {
        guard let socket else { return }
        self.socket = nil
        // What has arrived was seen.
        for envelope in socket.waiting { _ = took(envelope) }
        try? await socket.abort()
    }

    private func connected() async throws -> WebSocketClient {
        if let socket, !socket.hasEnded { return socket }
        await leave()
        let gateways = client.cluster.gateways
        let index = Int.random(in: 0...gateways.count, using: &random)
        var handshake = WebSocketClient.Handshake(token: client.token)
        handshake.lastSeq = view.lastSeq
        let port = index < gateways.count ? gateways[index].port : client.cluster.loadBalancer?.port
        let socket = try await WebSocketClient.connect(port: port ?? gateways[0].port, handshake)
        view.connections += 1
        try await socket.expect("connection.ready", timeout: Self.silence)
        self.socket = socket
        return socket
    }

    private func receive(from socket: WebSocketClient) async throws -> Envelope {
        try await socket.next(timeout: Self.silence)
    }

    /// Takes what belongs to no request; `false` when it does.
    private func took(_ envelope: Envelope) -> Bool {
        switch envelope.type {
        case "message.created", "session.updated":
            let seq = envelope["seq"]?.integerValue ?? -1
            view.events.append(DeviceView.Event(seq: seq, digest: EventDigest.of(envelope.type, envelope.payload)))
        case "connection.resync": view.resyncs += 1
        case "connection.draining", "connection.ready": break
        case "connection.error":
            if envelope["error_code"] != "SERVICE_UNAVAILABLE" { history.violation("\(view.name): \(envelope)") }
        default: return false
        }
        return true
    }

    /// Lost connections are what this is about; a frame that is not as described is not.
    private func note(_ error: any Error) {
        let text = "\(error)"
        if error is TestSupportError, text.contains("asyncapi.yaml") { history.violation("\(view.name): \(text)") }
    }
}
