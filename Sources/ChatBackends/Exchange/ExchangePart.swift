internal import NIOCore
internal import NIOHTTP1

/// What arrives of an answer: its head, then the pieces of its body.
enum ExchangePart: Sendable {
    case head(HTTPResponseHead)
    case body(ByteBuffer)
}
