import ChatCore

/// What the statements that guests write with have in common. A guest may enter by a share that is in force; what a guest
/// wrote is theirs for as long as that share is.
enum GuestAccess {
    /// Whether a row of `shares` is in force.
    static let shareIsInForce = "(shares.expires_at IS NULL OR shares.expires_at > now())"

    /// Keeps the guest's share, if it is in force, from being revoked before the end of the transaction. Comes after the
    /// lock of the session, as the deletion of a session takes them in this order.
    static func lock(_ guest: Guest, in session: SessionID, of client: ClientID) -> Statement {
        Statement(
            """
            SELECT FROM shares
            WHERE client_id = $1 AND session_id = $2 AND share_id = $3 AND \(shareIsInForce)
            FOR KEY SHARE
            """,
            [.text(client.rawValue), .uuid(session.uuid), .uuid(guest.shareID.uuid)],
            effect: .mayWrite
        )
    }

    /// Whether the writer may enter the session `$2` of `$1`: the owner, for whom `guest` is null, or a guest by a share
    /// in force.
    static func mayEnter(guest: String, share: String) -> String {
        """
        (\(guest)::text IS NULL OR EXISTS (
            SELECT FROM shares
            WHERE client_id = $1 AND session_id = $2 AND share_id = \(share) AND \(shareIsInForce)
        ))
        """
    }

    /// Notes that the guest wrote `messages`, in one of the session's transactions; nothing for the owner.
    static func noted(_ messages: String..., guest: String, share: String) -> String {
        """
        noted AS (
            INSERT INTO guest_messages (client_id, session_id, message_id, guest_id, share_id)
            SELECT $1, $2, message_id, \(guest), \(share)
            FROM accepted
            CROSS JOIN unnest(ARRAY[\(messages.joined(separator: ", "))]::uuid[]) AS own (message_id)
            WHERE \(guest)::text IS NOT NULL
        )
        """
    }

    /// A row of `guest_messages AS g` whose share is in force.
    static let grants = """
        guest_messages AS g
        JOIN shares
            ON shares.client_id = g.client_id AND shares.session_id = g.session_id AND shares.share_id = g.share_id
            AND \(shareIsInForce)
        """
}
