import NIOCore
import Testing

@testable import ChatBus

struct RedisCommandTests {
    @Test func `Commands are arrays of strings`() throws {
        #expect(try RedisCommand.ping() == ByteBuffer(string: "*1\r\n$4\r\nPING\r\n"))
        #expect(
            try RedisCommand.subscribe(["a", "\u{e9}"])
                == ByteBuffer(string: "*3\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n$2\r\n\u{e9}\r\n")
        )
        #expect(try RedisCommand.unsubscribe([""]) == ByteBuffer(string: "*2\r\n$11\r\nUNSUBSCRIBE\r\n$0\r\n\r\n"))
    }

    /// - Parameter length: of a payload that holds every byte, line ends among them, when it is long enough.
    @Test(arguments: [0, 4, 256, 100_000])
    func `A payload is any bytes`(length: Int) throws {
        let payload = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 13) }
        var expected = ByteBuffer(string: "*3\r\n$7\r\nPUBLISH\r\n$1\r\nx\r\n$\(payload.count)\r\n")
        expected.writeBytes(payload)
        expected.writeString("\r\n")
        #expect(try RedisCommand.publish(payload, on: "x") == expected)
    }
}
