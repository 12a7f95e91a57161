internal import ChatCore
internal import NIOCore
internal import Synchronization

/// Finds out where hosts are, and keeps out addresses that a backend must not have.
///
/// What it returns is what is connected to: nobody asks the name service again between check and connection.
final class AddressBook: Sendable {
    /// Asks the name service; blocks.
    typealias Lookup = @Sendable (_ host: String) throws -> [SocketAddress]

    private struct Page {
        let addresses: EventLoopFuture<[SocketAddress]>
        /// `nil` while the name service is being asked.
        var expiresAt: NIODeadline?
    }

    private struct Pages {
        var byHost: [String: Page] = [:]
        /// Addresses that could not be connected to, and until when others are preferred.
        var unreachable: [SocketAddress: NIODeadline] = [:]
        /// Look-ups under way, each on a thread of its own.
        var lookups = 0
    }

    /// So many hosts are looked up at a time; calls to further ones fail.
    static let maximumLookups = 64
    /// So many addresses of a host are tried at most, whatever its name service says.
    static let maximumTried = 8

    private let allowsPrivate: Bool
    private let lifetime: TimeAmount
    private let lookup: Lookup
    private let pages = Mutex(Pages())

    /// - Parameter lifetime: how long an answer of the name service holds.
    init(allowsPrivate: Bool, lifetime: TimeAmount, lookup: @escaping Lookup) {
        self.allowsPrivate = allowsPrivate
        self.lifetime = lifetime
        self.lookup = lookup
    }

    /// The addresses of a host that a backend may have, in the order in which they are to be tried, at most
    /// ``maximumTried``; a host that is an address in its usual form is not looked up.
    ///
    /// - Throws: ``BackendFailure`` when there are none or the answer does not come until `deadline`, which is `bound`
    ///   after the call began; `CancellationError`.
    func addresses(
        of host: String,
        until deadline: NIODeadline,
        bound: TimeAmount,
        on eventLoop: any EventLoop
    ) async throws -> [SocketAddress] {
        let known: [SocketAddress]
        if let address = Self.literal(host) {
            known = [address]
        } else {
            known = try await result(of: page(host, on: eventLoop), until: deadline, bound: bound, on: eventLoop)
        }
        let allowed = known.filter { isAllowed($0) }
        guard !allowed.isEmpty else {
            let list = known.map { $0.ipAddress ?? "" }.joined(separator: ", ")
            throw BackendFailure(
                known.isEmpty ? .connection : .refusedAddress,
                known.isEmpty ? "The host has no address" : "The host has no address a backend may have: \(list)"
            )
        }
        let avoided = pages.withLock { pages in
            pages.unreachable = pages.unreachable.filter { $0.value > .now() }
            return pages.unreachable
        }
        let ordered = allowed.filter { avoided[$0] == nil } + allowed.filter { avoided[$0] != nil }
        return Array(ordered.prefix(Self.maximumTried))
    }

    /// The address could not be connected to: for a while others of the same host are tried first.
    func couldNotReach(_ address: SocketAddress) {
        pages.withLock { $0.unreachable[address] = .now() + Self.avoidance }
    }

    /// A host that is an address in its usual form, an IPv6 address in brackets or not.
    static func literal(_ host: String) -> SocketAddress? {
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        return try? SocketAddress(ipAddress: isBracketed ? String(host.dropFirst().dropLast()) : host, port: 0)
    }

    private func isAllowed(_ address: SocketAddress) -> Bool {
        switch AddressClass(address) {
        case .public: true
        case .private: allowsPrivate
        case .forbidden: false
        }
    }

    /// What is known of the host, or will be once the name service has answered; it is asked once for all who wait.
    private func page(_ host: String, on eventLoop: any EventLoop) -> EventLoopFuture<[SocketAddress]> {
        let (addresses, promise) = pages.withLock { pages in
            if let page = pages.byHost[host], page.expiresAt.map({ $0 > .now() }) ?? true {
                return (page.addresses, EventLoopPromise<[SocketAddress]>?.none)
            }
            guard pages.lookups < Self.maximumLookups else {
                return (eventLoop.makeFailedFuture(Self.tooManyLookups), nil)
            }
            pages.lookups += 1
            pages.byHost = pages.byHost.filter { $0.value.expiresAt.map { $0 > .now() } ?? true }
            let promise = eventLoop.makePromise(of: [SocketAddress].self)
            pages.byHost[host] = Page(addresses: promise.futureResult)
            return (promise.futureResult, promise)
        }
        guard let promise else { return addresses }
        // A name service that hangs holds up nobody but who asks for its hosts.
        let failure = DetachedThread.start { [self] in answer(promise, of: host, Result { try lookup(host) }) }
        if failure != 0 { answer(promise, of: host, .failure(Self.tooManyLookups)) }
        return addresses
    }

    private func answer(
        _ promise: EventLoopPromise<[SocketAddress]>,
        of host: String,
        _ result: Result<[SocketAddress], any Error>
    ) {
        pages.withLock { pages in
            pages.lookups -= 1
            // Whoever asks after a failure asks the name service again.
            if case .success = result {
                pages.byHost[host]?.expiresAt = .now() + lifetime
            } else {
                pages.byHost[host] = nil
            }
        }
        promise.completeWith(result)
    }

    private static var tooManyLookups: BackendFailure {
        BackendFailure(.overloaded(milliseconds: nil), "Too many hosts are being looked up")
    }

    private func result(
        of addresses: EventLoopFuture<[SocketAddress]>,
        until deadline: NIODeadline,
        bound: TimeAmount,
        on eventLoop: any EventLoop
    ) async throws -> [SocketAddress] {
        let promise = eventLoop.makePromise(of: [SocketAddress].self)
        addresses.cascade(to: promise)
        let timer = eventLoop.scheduleTask(deadline: deadline) {
            promise.fail(BackendFailure(.timeout(milliseconds: bound.milliseconds), "The name service did not answer"))
        }
        defer { timer.cancel() }
        do {
            return try await withTaskCancellationHandler {
                try await promise.futureResult.get()
            } onCancel: {
                promise.fail(CancellationError())
            }
        } catch let error as NameServiceError {
            var failure = BackendFailure(.connection, "The host was not found", underlyingError: error)
            failure.wasSent = false
            throw failure
        }
    }

    private static let avoidance = TimeAmount.seconds(60)
}
