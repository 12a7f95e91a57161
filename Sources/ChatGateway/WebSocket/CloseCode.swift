/// Why a connection is closed (RFC 6455, section 7.4, and `contract/websocket.md`, 'Close codes').
package enum CloseCode: UInt16, Sendable {
    case normal = 1000
    case goingAway = 1001
    case protocolError = 1002
    case unsupportedData = 1003
    case invalidText = 1007
    case policyViolation = 1008
    case messageTooBig = 1009
    case internalError = 1011
    case overloaded = 1013
    case unauthenticated = 4401
    case slowConsumer = 4408
    case tooManyRequests = 4429
}
