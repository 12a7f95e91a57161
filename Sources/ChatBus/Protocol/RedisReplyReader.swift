import CHiredis

/// Turns the bytes of one connection into replies, by hiredis.
///
/// Holds at most one incomplete reply. Not `Sendable`: it belongs to the channel handler that made it, and so to one
/// event loop.
final class RedisReplyReader {
    /// hiredis moves what is left of its buffer as it consumes it; small bites keep that cheap.
    private static let biteBytes = 16 << 10

    private let reader: UnsafeMutablePointer<redisReader>
    private let maximumReplyBytes: Int
    /// Bytes fed since the last complete reply; more than the buffer holds, since elements of an array leave it.
    private var pendingBytes = 0

    init(maximumReplyBytes: Int) throws(RedisConnectionError) {
        guard let reader = redisReaderCreate() else { throw .protocolViolation("out of memory") }
        self.reader = reader
        self.maximumReplyBytes = maximumReplyBytes
    }

    /// Frees an incomplete reply, too.
    deinit {
        redisReaderFree(reader)
    }

    /// Calls `handle` for every reply that `bytes` completes.
    ///
    /// - Throws: ``RedisConnectionError`` when they are no RESP or a reply grows beyond the limit; the reader is of no
    ///   use afterwards.
    func consume(_ bytes: UnsafeRawBufferPointer, handle: (RedisReply) -> Void) throws(RedisConnectionError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let bite = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.biteBytes))
            rest = rest.dropFirst(bite.count)
            let status = redisReaderFeed(reader, bite.bindMemory(to: CChar.self).baseAddress, bite.count)
            guard status == REDIS_OK else { throw failure }
            pendingBytes += bite.count
            while let reply = try next() {
                handle(reply)
            }
            guard pendingBytes <= maximumReplyBytes else { throw .replyTooLarge(limitBytes: maximumReplyBytes) }
        }
    }

    private func next() throws(RedisConnectionError) -> RedisReply? {
        var object: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &object) == REDIS_OK else { throw failure }
        guard let object else { return nil }
        defer { freeReplyObject(object) }
        pendingBytes = reader.pointee.len - reader.pointee.pos
        return RedisReply(copying: object.assumingMemoryBound(to: redisReply.self))
    }

    private var failure: RedisConnectionError {
        .protocolViolation(
            withUnsafeBytes(of: &reader.pointee.errstr) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        )
    }
}
