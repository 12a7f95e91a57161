import ChatCore

/// The operations of the first protocol, which did over the WebSocket what is done over REST now
/// (`contract/websocket.md`, 'Legacy operations').
enum LegacyOperation: String, CaseIterable, Sendable {
    case createSession = "session.create"
    case getSession = "session.get"
    case deleteSession = "session.delete"
    case switchSessionType = "session.switch_type"
    case exportSession = "session.export"
    case shareSession = "session.share"
    case readShare = "session.access_shared"
    case searchMessages = "session.search"
    case searchSessions = "sessions.search"
    case listMessages = "message.list"
    case getMessage = "message.get"
    case stopMessage = "message.stop"
    case listVariants = "message.get_variants"

    enum Kind: Sendable {
        /// Changes nothing.
        case read
        /// Changes something, and does it once for an id.
        case write
    }

    var kind: Kind {
        switch self {
        case .getSession, .readShare, .searchMessages, .searchSessions, .listMessages, .getMessage, .listVariants:
            .read
        case .createSession, .deleteSession, .switchSessionType, .exportSession, .shareSession, .stopMessage:
            .write
        }
    }

    /// What takes its place, like `GET /api/v1/sessions/{id}`.
    var replacement: String {
        let (method, path) =
            switch self {
            case .createSession: ("POST", "/sessions")
            case .getSession: ("GET", "/sessions/{id}")
            case .deleteSession: ("DELETE", "/sessions/{id}")
            case .switchSessionType: ("PATCH", "/sessions/{id}/type")
            case .exportSession: ("POST", "/sessions/{id}/export")
            case .shareSession: ("POST", "/sessions/{id}/share")
            case .readShare: ("GET", "/share/{token}")
            case .searchMessages: ("GET", "/sessions/{id}/search")
            case .searchSessions: ("GET", "/search")
            case .listMessages: ("GET", "/sessions/{id}/messages")
            case .getMessage: ("GET", "/messages/{id}")
            case .stopMessage: ("POST", "/messages/{id}/stop")
            case .listVariants: ("GET", "/messages/{id}/variants")
            }
        return "\(method) \(RESTPath.base)\(path)"
    }
}
