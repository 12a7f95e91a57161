import ChatCore
import FoundationEssentials

/// What the statements of requests that may wait have in common, written with the names of their parameters.
struct WaitingSteps {
    /// Where the request may wait; null when it may not.
    let line: String
    /// Null when it has just come.
    let ticket: String

    /// Whether others come first: in the same line, or in the other one of those whose message is the leaf of the active
    /// path and of those who wait for whatever is this leaf.
    ///
    /// - Parameter leaf: an expression for the leaf.
    func othersComeFirst(leaf: String) -> String {
        """
        EXISTS (
            SELECT FROM waiting_requests
            WHERE client_id = $1 AND session_id = $2
                AND line_id = ANY (ARRAY[\(line)::uuid, CASE \(line)::uuid WHEN $2 THEN \(leaf) WHEN \(leaf) THEN $2 END])
                AND (\(ticket)::bigint IS NULL OR ticket < \(ticket)::bigint) AND expires_at > now()
        )
        """
    }

    /// Cases of a verdict, before which everything else is decided that keeps a request from being `accepted`.
    ///
    /// - Parameters:
    ///   - isStreaming: whether what it has to wait for still streams.
    ///   - refusal: the verdict on one that may not wait.
    func verdicts(isStreaming: String, refusal: String) -> String {
        """
        WHEN \(isStreaming) AND \(line)::uuid IS NULL THEN '\(refusal)'
        WHEN \(isStreaming) OR \(othersComeFirst(leaf: "(SELECT active_leaf_message_id FROM session)"))
            THEN CASE WHEN \(ticket)::bigint IS NULL AND \(isFull) THEN 'line_full' ELSE 'waits' END
        """
    }

    private var isFull: String {
        """
        (
            SELECT count(*) FROM waiting_requests
            WHERE client_id = $1 AND session_id = $2 AND line_id = \(line)::uuid AND expires_at > now()
        ) >= \(WaitingLine.maximumPlaces)
        """
    }

    /// `placed (ticket)`: the place of a request that has just come and has to wait. Further steps prolong the place of one
    /// that goes on waiting, and give up that of one that is `accepted`.
    var steps: String {
        let expiry = "now() + interval '\(WaitingLine.placeSeconds) seconds'"
        let place = """
            client_id = $1 AND session_id = $2 AND line_id = \(line)::uuid AND waiting_requests.ticket = \(ticket)::bigint
            """
        return """
            placed AS (
                INSERT INTO waiting_requests (client_id, session_id, line_id, expires_at)
                SELECT $1, $2, \(line)::uuid, \(expiry)
                FROM verdict
                WHERE verdict = 'waits' AND \(ticket)::bigint IS NULL
                RETURNING ticket
            ), prolonged AS (
                UPDATE waiting_requests SET expires_at = \(expiry)
                WHERE \(place) AND EXISTS (SELECT FROM verdict WHERE verdict = 'waits')
            ), left_line AS (
                DELETE FROM waiting_requests WHERE \(place) AND EXISTS (SELECT FROM accepted)
            )
            """
    }

    /// The ticket of a request that `waits`.
    var place: String { "coalesce(\(ticket)::bigint, (SELECT ticket FROM placed))" }

    /// The line and the ticket of a place, as parameters.
    static func parameters(_ place: WaitingPlace?) -> [PostgresValue] {
        switch place {
        case .arriving(let line): [.uuid(line.id), .null]
        case .waiting(let line, let ticket): [.uuid(line.id), .integer(ticket)]
        case nil: [.null, .null]
        }
    }
}

extension WaitingLine {
    /// How the line is known in its session; the session's own id stands for the leaf of the active path.
    var id: UUID { messageID?.uuid ?? sessionID.uuid }
}
