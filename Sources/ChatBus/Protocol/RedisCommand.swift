import CHiredis
import ChatCore
import NIOCore

/// The commands this module sends, as RESP, by hiredis.
///
/// All throw ``ChatCore/SignalBusError`` `refused` when there is no memory for them.
enum RedisCommand {
    static func publish(_ payload: [UInt8], on channel: String) throws(SignalBusError) -> ByteBuffer {
        try encode(["PUBLISH", channel], payload: payload)
    }

    static func subscribe(_ channels: [String]) throws(SignalBusError) -> ByteBuffer {
        try encode(["SUBSCRIBE"] + channels)
    }

    static func unsubscribe(_ channels: [String]) throws(SignalBusError) -> ByteBuffer {
        try encode(["UNSUBSCRIBE"] + channels)
    }

    static func ping() throws(SignalBusError) -> ByteBuffer {
        try encode(["PING"])
    }

    static func quit() throws(SignalBusError) -> ByteBuffer {
        try encode(["QUIT"])
    }

    /// - Parameter payload: one more argument, not copied on the way.
    static func encode(_ words: [String], payload: [UInt8]? = nil) throws(SignalBusError) -> ByteBuffer {
        var text: [UInt8] = []
        for word in words {
            text.append(contentsOf: word.utf8)
        }
        let command: ByteBuffer? = text.withUnsafeBytes { text in
            (payload ?? []).withUnsafeBytes { payloadBytes in
                var arguments: [UnsafeRawBufferPointer] = []
                var start = 0
                for word in words {
                    let end = start + word.utf8.count
                    arguments.append(UnsafeRawBufferPointer(rebasing: text[start..<end]))
                    start = end
                }
                if payload != nil { arguments.append(payloadBytes) }
                return format(arguments)
            }
        }
        guard let command else { throw SignalBusError(.refused, "no memory for the command") }
        return command
    }

    private static func format(_ arguments: [UnsafeRawBufferPointer]) -> ByteBuffer? {
        // An empty argument may have no address; hiredis passes it to memcpy, which must not get a null pointer.
        let nothing: StaticString = ""
        var addresses = arguments.map { argument in
            UnsafePointer(
                (argument.baseAddress ?? UnsafeRawPointer(nothing.utf8Start)).assumingMemoryBound(to: CChar.self)
            )
                as UnsafePointer<CChar>?
        }
        let lengths = arguments.map(\.count)
        var command: UnsafeMutablePointer<CChar>?
        let length = redisFormatCommandArgv(&command, Int32(clamping: arguments.count), &addresses, lengths)
        guard length >= 0, let command else { return nil }
        defer { redisFreeCommand(command) }
        return ByteBuffer(bytes: UnsafeRawBufferPointer(start: command, count: Int(length)))
    }
}
