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

    @Test(arguments: [[], [0, 13, 10, 255], Array(repeating: 7, count: 100_000)] as [[UInt8]])
    func `A payload is any bytes`(payload: [UInt8]) throws {
        var expected = ByteBuffer(string: "*3\r\n$7\r\nPUBLISH\r\n$1\r\nx\r\n$\(payload.count)\r\n")
        expected.writeBytes(payload)
        expected.writeString("\r\n")
        #expect(try RedisCommand.publish(payload, on: "x") == expected)
    }
}
