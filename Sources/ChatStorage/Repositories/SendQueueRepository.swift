public import ChatCore

/// Lines of waiting requests in PostgreSQL, whose clock all places go by.
public struct SendQueueRepository: SendQueue {
    private let client: PostgresClient

    public init(client: PostgresClient) {
        self.client = client
    }

    public func leave(_ ticket: Int64, in line: WaitingLine) async throws {
        let statement = Statement(
            """
            DELETE FROM waiting_requests
            WHERE client_id = $1 AND session_id = $2 AND line_id = $3 AND ticket = $4
            """,
            [.text(line.clientID.rawValue), .uuid(line.sessionID.uuid), .uuid(line.id), .integer(ticket)]
        )
        try await withPortErrors { _ = try await client.execute(statement) }
    }
}
