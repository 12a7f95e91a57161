internal import NIOCore

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Whether a backend may have an address (`contract/webhook.md`, 'Security'), after the registries of special-purpose
/// addresses that IANA keeps for IPv4 and IPv6.
///
/// An IPv6 address that stands for an IPv4 address is what that one is.
enum AddressClass: Hashable, Sendable {
    /// Anybody's: a backend may have it.
    case `public`
    /// The machine's or the network's own: only with `WEBHOOK_ALLOW_PRIVATE`.
    case `private`
    /// Nobody's, everybody's, or the cloud's that the machine runs in: never.
    case forbidden

    init(_ address: SocketAddress) {
        var bytes = [UInt8](repeating: 0, count: 16)
        let text = address.ipAddress ?? ""
        if case .v4 = address, inet_pton(AF_INET, text, &bytes) == 1 {
            self.init(ipv4: bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) })
        } else if case .v6 = address, inet_pton(AF_INET6, text, &bytes) == 1 {
            self.init(ipv6: bytes.reduce(0) { $0 << 8 | UInt128($1) })
        } else {
            self = .forbidden
        }
    }

    init(ipv4 address: UInt32) {
        if Self.forbiddenIPv4.contains(where: { $0.contains(address) }) {
            self = .forbidden
        } else if Self.privateIPv4.contains(where: { $0.contains(address) }) {
            self = .private
        } else {
            self = .public
        }
    }

    init(ipv6 address: UInt128) {
        if Self.forbiddenIPv6.contains(where: { $0.contains(address) }) {
            self = .forbidden
        } else if let carrier = Self.ipv4Carriers.first(where: { $0.block.contains(address) }) {
            self.init(ipv4: UInt32(truncatingIfNeeded: address >> carrier.shift))
        } else if Self.privateIPv6.contains(where: { $0.contains(address) }) {
            self = .private
        } else {
            self = Self.globalUnicast.contains(address) ? .public : .forbidden
        }
    }
}

extension AddressClass {
    private static let forbiddenIPv4: [AddressBlock<UInt32>] = [
        AddressBlock([0], 8),  // 'this network'; 0.0.0.0 is the machine itself on Linux
        AddressBlock([169, 254], 16),  // link-local; metadata of most clouds
        AddressBlock([100, 100, 100, 200], 32),  // metadata of Alibaba Cloud
        AddressBlock([168, 63, 129, 16], 32),  // the host of a machine in Azure
        AddressBlock([192, 0, 0], 24),  // protocol assignments; metadata of Oracle Cloud
        AddressBlock([192, 0, 2], 24),  // documentation
        AddressBlock([192, 88, 99], 24),  // relays of 6to4, given up
        AddressBlock([198, 51, 100], 24),  // documentation
        AddressBlock([203, 0, 113], 24),  // documentation
        AddressBlock([224], 4),  // multicast
        AddressBlock([240], 4),  // reserved; 255.255.255.255 is broadcast
    ]

    private static let privateIPv4: [AddressBlock<UInt32>] = [
        AddressBlock([127], 8),  // loopback
        AddressBlock([10], 8),
        AddressBlock([172, 16], 12),
        AddressBlock([192, 168], 16),
        AddressBlock([100, 64], 10),  // shared by customers of a provider
        AddressBlock([198, 18], 15),  // measurements
    ]

    /// What of ``globalUnicast`` and of the private blocks nobody may have.
    private static let forbiddenIPv6: [AddressBlock<UInt128>] = [
        AddressBlock([], 128),  // unspecified
        AddressBlock([0xFD00, 0x0EC2, 0, 0, 0, 0, 0, 0x0254], 128),  // metadata of AWS
        AddressBlock([0xFD20, 0x00CE, 0, 0, 0, 0, 0, 0x0254], 128),  // metadata of Google Cloud
        AddressBlock([0xFD00, 0x0042, 0, 0, 0, 0, 0, 0x0042], 128),  // metadata of Scaleway
        AddressBlock([0x2001], 23),  // protocol assignments, Teredo among them
        AddressBlock([0x2001, 0x0DB8], 32),  // documentation
        AddressBlock([0x3FFF], 20),  // documentation
    ]

    private static let privateIPv6: [AddressBlock<UInt128>] = [
        AddressBlock([0, 0, 0, 0, 0, 0, 0, 1], 128),  // loopback
        AddressBlock([0xFC00], 7),  // unique local
        AddressBlock([0xFEC0], 10),  // site-local, given up
    ]

    /// All that is routed; the rest is link-local (fe80::/10), multicast (ff00::/8) or reserved.
    private static let globalUnicast = AddressBlock<UInt128>([0x2000], 3)

    /// Blocks whose addresses stand for IPv4 addresses, and how far from the end those are.
    private static let ipv4Carriers: [(block: AddressBlock<UInt128>, shift: Int)] = [
        (AddressBlock([0, 0, 0, 0, 0, 0xFFFF], 96), 0),  // IPv4-mapped
        (AddressBlock([0x0064, 0xFF9B], 96), 0),  // NAT64
        (AddressBlock([0x2002], 16), 80),  // 6to4
    ]
}

/// The addresses that begin with the same bits.
struct AddressBlock<Address: FixedWidthInteger & UnsignedInteger & Sendable>: Hashable, Sendable {
    private let first: Address
    private let length: Int

    /// - Parameter start: the first bytes (IPv4) or 16-bit groups (IPv6) of the block, the rest being zero.
    init(_ start: [Address], _ length: Int) {
        let width = Address.bitWidth == 32 ? 8 : 16
        first = start.enumerated().reduce(0) { address, group in
            address | group.element << (Address.bitWidth - width * (group.offset + 1))
        }
        self.length = length
    }

    func contains(_ address: Address) -> Bool {
        (address ^ first) >> (Address.bitWidth - length) == 0
    }
}
