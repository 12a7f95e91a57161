import ChatCore
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import ChatBackends

@Suite struct AddressBookTests {
    private let eventLoop = MultiThreadedEventLoopGroup.singleton.any()

    private func book(
        allowsPrivate: Bool = true,
        lifetime: TimeAmount = .hours(1),
        _ lookup: @escaping AddressBook.Lookup
    ) -> AddressBook {
        AddressBook(allowsPrivate: allowsPrivate, lifetime: lifetime, lookup: lookup)
    }

    private func find(
        _ host: String,
        in book: AddressBook,
        within time: TimeAmount = .minutes(1)
    ) async throws -> [String] {
        try await book.addresses(of: host, until: .now() + time, bound: time, on: eventLoop).compactMap(\.ipAddress)
    }

    @Test func `Addresses are not looked up`() async throws {
        let book = book { host in throw NameServiceError(description: host) }
        #expect(try await find("93.184.215.14", in: book) == ["93.184.215.14"])
        #expect(try await find("[2606:2800::1]", in: book) == ["2606:2800::1"])
        #expect(try await find("2606:2800::1", in: book) == ["2606:2800::1"])
    }

    @Test func `Of several addresses those that a backend may have are left`() async throws {
        let lookup: AddressBook.Lookup = { _ in try sockets("169.254.169.254", "10.0.0.1", "2606:2800::1", "0.0.0.0") }
        #expect(try await find("host", in: book(allowsPrivate: true, lookup)) == ["10.0.0.1", "2606:2800::1"])
        #expect(try await find("host", in: book(allowsPrivate: false, lookup)) == ["2606:2800::1"])
    }

    @Test func `With none that a backend may have the call is refused, and the log told which there were`() async throws
    {
        let book = book(allowsPrivate: false) { _ in try sockets("10.0.0.1", "::1") }
        let failure = await #expect(throws: BackendFailure.self) { try await find("host", in: book) }
        #expect(failure?.reason == .refusedAddress)
        #expect(failure?.description.contains("10.0.0.1, ::1") == true)
        #expect(failure?.chatError.message.contains("10.0.0.1") == false)
        #expect(failure?.chatError.code == .backendError)
    }

    @Test func `Name services that hang hold nobody up but who asks for their hosts`() async throws {
        let gate = DispatchGate()
        let (asked, ask) = AsyncStream.makeStream(of: Void.self)
        let book = book { host in
            guard host.hasPrefix("dead") else { return try sockets("10.0.0.1") }
            ask.yield()
            gate.wait()
            return []
        }
        // More than there are threads for Swift's tasks, which would not come to run if those were taken.
        let hanging = (1..<AddressBook.maximumLookups).map { number in
            Task { try await find("dead\(number)", in: book) }
        }
        var asking = asked.makeAsyncIterator()
        for _ in hanging { await asking.next() }
        #expect(try await find("alive", in: book) == ["10.0.0.1"])

        let last = Task { try await find("dead0", in: book) }
        await asking.next()
        let failure = await #expect(throws: BackendFailure.self) { try await find("other", in: book) }
        #expect(failure?.reason == .overloaded(milliseconds: nil))
        for task in hanging + [last] { task.cancel() }
        gate.open()
    }

    @Test func `Of very many addresses a few are tried`() async throws {
        let many = (1...200).map { "10.0.1.\($0)" }
        let book = book { _ in try many.map { try SocketAddress(ipAddress: $0, port: 0) } }
        book.couldNotReach(try SocketAddress(ipAddress: "10.0.1.1", port: 0))
        #expect(try await find("host", in: book) == (2...9).map { "10.0.1.\($0)" })
    }

    @Test func `The name service is asked once for its answer's life, and once for all who wait`() async throws {
        let (asked, ask) = AsyncStream.makeStream(of: Void.self)
        let gate = DispatchGate()
        let count = Atomic<Int>(0)
        let book = book { _ in
            count.add(1, ordering: .relaxed)
            ask.yield()
            gate.wait()
            return try sockets("10.0.0.1")
        }
        async let first = find("host", in: book)
        for await _ in asked { break }
        async let second = find("host", in: book)
        gate.open()
        #expect(try await first == ["10.0.0.1"])
        #expect(try await second == ["10.0.0.1"])
        #expect(try await find("host", in: book) == ["10.0.0.1"])
        #expect(count.load(ordering: .relaxed) == 1)
        #expect(try await find("other", in: book) == ["10.0.0.1"])
        #expect(count.load(ordering: .relaxed) == 2)
    }

    @Test func `An answer that is over is asked for again, and so is one that failed`() async throws {
        let count = Atomic<Int>(0)
        let book = book(lifetime: .zero) { host in
            let number = count.add(1, ordering: .relaxed).newValue
            if number == 2 { throw NameServiceError(description: host) }
            return try sockets("10.0.0.\(number)")
        }
        #expect(try await find("host", in: book) == ["10.0.0.1"])
        let failure = await #expect(throws: BackendFailure.self) { try await find("host", in: book) }
        #expect(failure?.reason == .connection)
        #expect(try await find("host", in: book) == ["10.0.0.3"])
    }

    @Test func `An address that could not be reached is tried last for a while`() async throws {
        let book = book { _ in try sockets("10.0.0.1", "10.0.0.2", "10.0.0.3") }
        book.couldNotReach(try SocketAddress(ipAddress: "10.0.0.1", port: 0))
        #expect(try await find("host", in: book) == ["10.0.0.2", "10.0.0.3", "10.0.0.1"])
    }

    @Test func `A name service that does not answer is waited for within the call's bound`() async throws {
        let gate = DispatchGate()
        let book = book { _ in
            gate.wait()
            return try sockets("10.0.0.1")
        }
        let failure = await #expect(throws: BackendFailure.self) {
            try await find("host", in: book, within: .milliseconds(20))
        }
        #expect(failure?.reason == .timeout(milliseconds: 20))
        let waiting = Task { try await find("host", in: book) }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        gate.open()
        #expect(try await find("host", in: book) == ["10.0.0.1"])
    }

    /// The forms in which a web address can name a host that is the machine itself.
    @Test(arguments: [
        "localhost", "LocalHost", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7F.0.0.1",
        "0177.0.0.1", "017700000001", "127.0.0.01", "::ffff:127.0.0.1", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]", "[::1]",
    ])
    func `Whatever the system takes for this machine is refused`(host: String) async throws {
        let book = book(allowsPrivate: false, NameService.lookUp)
        let failure = await #expect(throws: BackendFailure.self) { try await find(host, in: book) }
        #expect(failure?.reason == .refusedAddress)
    }

    @Test(arguments: [
        "169.254.169.254", "2852039166", "0xa9fea9fe", "0xA9.254.0251.0376", "0251.0376.0251.0376", "169.254.43518",
        "0",
        "0x0", "000000000000", "[::ffff:169.254.169.254]", "[fe80::1]", "fe80::1%lo", "[::]", "4294967295",
    ])
    func `Whatever the system takes for a place that is no backend's is refused`(host: String) async throws {
        let book = book(allowsPrivate: true, NameService.lookUp)
        let failure = await #expect(throws: BackendFailure.self) { try await find(host, in: book) }
        #expect(failure?.reason == .refusedAddress)
    }

    @Test func `The name service tells each address once`() throws {
        let addresses = try NameService.lookUp("localhost").compactMap(\.ipAddress)
        #expect(!addresses.isEmpty)
        #expect(Set(addresses).count == addresses.count)
        #expect(Set(addresses).isSubset(of: ["127.0.0.1", "::1"]))
        #expect(throws: NameServiceError.self) { try NameService.lookUp(String(repeating: "x", count: 300)) }
    }
}

func sockets(_ addresses: String...) throws -> [SocketAddress] {
    try addresses.map { try SocketAddress(ipAddress: $0, port: 0) }
}
