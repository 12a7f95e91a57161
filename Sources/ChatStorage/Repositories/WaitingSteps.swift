import ChatCore
import FoundationEssentials

/// What the statements of requests that may wait have in common. For a request that may not wait `line` is null.
enum WaitingSteps {
    /// Whether others come first in the line.
    static func othersComeFirst(line: String, ticket: String) -> String {
        """
        EXISTS (
            SELECT FROM waiting_requests
            WHERE client_id = $1 AND session_id = $2 AND line_id = \(line) AND ticket < \(ticket)
                AND expires_at > now()
        )
        """
    }

    /// Gives the place up when the request is `accepted`.
    static func left(line: String, ticket: String) -> String {
        """
        left_line AS (
            DELETE FROM waiting_requests
            WHERE client_id = $1 AND session_id = $2 AND line_id = \(line) AND ticket = \(ticket)
                AND EXISTS (SELECT FROM accepted)
        )
        """
    }

    /// The line and the ticket of a place, as parameters.
    static func parameters(_ place: WaitingPlace?) -> [PostgresValue] {
        switch place {
        case .arriving(let line): [.uuid(line.id), .integer(Int64.max)]
        case .waiting(let line, let ticket): [.uuid(line.id), .integer(ticket)]
        case nil: [.null, .null]
        }
    }
}

extension WaitingLine {
    /// How the line is known in its session; the session's own id stands for the leaf of the active path.
    var id: UUID { messageID?.uuid ?? sessionID.uuid }
}
