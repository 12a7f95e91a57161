/// What bounds a page of a list, in the database, so that what is beyond it never leaves there: the limit that was asked
/// for, and what the node can hold in memory.
enum PageWindow {
    /// Of a page as JSON. The element that passes the bound still comes along, so that every list can be read to its end.
    static let pageBytes = 2_097_152

    /// The rows of the page, in no order, each with `is_followed`: whether the list goes on behind it.
    ///
    /// - Parameters:
    ///   - rows: the rows of the list from the beginning of the page on, one more than the limit if there are.
    ///   - order: what the list is sorted by, in terms of `found`.
    ///   - bytes: how long a row of `found` is, as JSON.
    ///   - limit: the most rows; `nil` when `rows` are no more than that.
    static func page(
        of rows: String,
        sortedBy order: String,
        bytes: String,
        limit: String?,
        pageBytes: Int = pageBytes
    ) -> String {
        """
        SELECT * FROM (
            SELECT found.*,
                coalesce(sum(\(bytes)) OVER before, 0) AS bytes_before,
                row_number() OVER before AS place,
                lead(true, 1, false) OVER before AS is_followed
            FROM (
                \(rows)
            ) AS found
            WINDOW before AS (ORDER BY \(order) ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
        ) AS sized
        WHERE sized.bytes_before < \(pageBytes)\(limit.map { " AND sized.place <= \($0)" } ?? "")
        """
    }

    /// How long a message `found` is; one that is being streamed is shown with its last checkpoint.
    static let messageBytes = """
        CASE WHEN found.state = 'streaming'
            THEN message_bytes(
                coalesce(
                    (
                        SELECT checkpoint_content FROM streams
                        WHERE streams.client_id = found.client_id AND streams.message_id = found.message_id
                    ),
                    found.content
                ),
                found.file_urls, found.metadata
            )
            ELSE coalesce(found.json_bytes, message_bytes(found.content, found.file_urls, found.metadata))
        END
        """

    /// How long a session `found` is.
    static let sessionBytes = "octet_length(found.metadata::text) + octet_length(found.available_capabilities::text)"
}
