import NIOCore
import Testing

@testable import ChatBackends

@Suite struct AddressClassTests {
    @Test(arguments: [
        "8.8.8.8", "1.0.0.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "128.0.0.1",
        "172.15.255.255",
        "172.32.0.0", "192.167.255.255", "192.169.0.0", "192.0.1.1", "198.17.255.255", "198.20.0.0", "223.255.255.255",
        "169.253.255.255", "169.255.0.0", "168.63.129.15",
        "2600::1", "2001:200::1", "2001:4860:4860::8888", "2a00:1450::1", "3ffe::1",
        "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1",
    ])
    func `Anybody's`(address: String) throws {
        #expect(AddressClass(try SocketAddress(ipAddress: address, port: 80)) == .public)
    }

    @Test(arguments: [
        "127.0.0.1", "127.255.255.255", "10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0",
        "192.168.255.255", "100.64.0.0", "100.127.255.255", "198.18.0.1", "198.19.255.255",
        "::1", "fc00::1", "fdff:ffff::1", "fec0::1", "fd00:ec2::253",
        "::ffff:127.0.0.1", "::ffff:7f00:1", "0:0:0:0:0:ffff:a00:1", "64:ff9b::10.0.0.1", "2002:7f00:1::1",
        "2002:c0a8:101::",
    ])
    func `The machine's or the network's own`(address: String) throws {
        #expect(AddressClass(try SocketAddress(ipAddress: address, port: 80)) == .private)
    }

    @Test(arguments: [
        "0.0.0.0", "0.255.255.255", "169.254.0.1", "169.254.169.254", "169.254.170.2", "100.100.100.200",
        "168.63.129.16", "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.51.100.255", "203.0.113.7", "224.0.0.1",
        "239.255.255.250", "240.0.0.1", "255.255.255.255",
        "::", "fe80::1", "febf::1", "ff02::1", "fd00:ec2::254", "fd20:ce::254", "fd00:42::42", "2001::1",
        "2001:1ff::1", "2001:db8::1", "3fff::1", "3fff:fff::1", "100::1", "5f00::1", "4000::1", "64:ff9b:1::1",
        "::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "::ffff:0.0.0.0", "::ffff:224.0.0.1",
        "64:ff9b::169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "2002:e000:1::1",
        "::127.0.0.1", "::169.254.169.254", "::8.8.8.8", "::2", "::ffff:0:127.0.0.1",
    ])
    func `No backend's, ever`(address: String) throws {
        #expect(AddressClass(try SocketAddress(ipAddress: address, port: 80)) == .forbidden)
    }

    @Test func `A socket in the file system is no backend's`() throws {
        #expect(AddressClass(try SocketAddress(unixDomainSocketPath: "/tmp/socket")) == .forbidden)
    }

    @Test func `Blocks begin and end where they should`() {
        let block = AddressBlock<UInt32>([172, 16], 12)
        #expect(!block.contains(0xAC0F_FFFF))
        #expect(block.contains(0xAC10_0000))
        #expect(block.contains(0xAC1F_FFFF))
        #expect(!block.contains(0xAC20_0000))
        #expect(AddressBlock<UInt128>([], 128).contains(0))
        #expect(!AddressBlock<UInt128>([], 128).contains(1))
    }
}
