/// The rules of the message tree (`contract/semantics.md`, 'Message tree') as SQL that looks at the rows alone.
public enum TreeRules {
    /// Each query selects what breaks the rule.
    public static let violations: [(rule: String, violations: String)] = [
        (
            "a parent is a message of the same session",
            """
            SELECT FROM messages AS m LEFT JOIN messages AS p
                ON (p.client_id, p.session_id, p.message_id) = (m.client_id, m.session_id, m.parent_message_id)
            WHERE m.parent_message_id IS NOT NULL AND p.message_id IS NULL
            """
        ),
        (
            "siblings are numbered 0, 1, 2, … without duplicates",
            """
            SELECT FROM messages GROUP BY client_id, session_id, parent_message_id
            HAVING count(*) <> count(DISTINCT variant_index) OR max(variant_index) <> count(*) - 1
            """
        ),
        (
            "one sibling is active, and none as long as only guests have written there",
            """
            SELECT FROM messages GROUP BY client_id, session_id, parent_message_id
            HAVING count(*) FILTER (WHERE is_active) > 1
                OR (NOT bool_or(is_active) AND bool_or(author_id = client_id))
            """
        ),
        (
            "a streaming message has no children",
            """
            SELECT FROM messages AS m JOIN messages AS p
                ON (p.client_id, p.message_id) = (m.client_id, m.parent_message_id)
            WHERE p.state = 'streaming'
            """
        ),
        (
            "the leaf kept with the session is where its active path ends",
            """
            WITH RECURSIVE path AS (
                SELECT client_id, session_id, message_id, 0 AS step
                FROM messages WHERE parent_message_id IS NULL AND is_active
                UNION ALL
                SELECT m.client_id, m.session_id, m.message_id, path.step + 1
                FROM path JOIN messages AS m
                    ON m.client_id = path.client_id AND m.parent_message_id = path.message_id AND m.is_active
            )
            SELECT FROM sessions AS s
            LEFT JOIN (
                SELECT DISTINCT ON (client_id, session_id) client_id, session_id, message_id
                FROM path ORDER BY client_id, session_id, step DESC
            ) AS leaf ON (leaf.client_id, leaf.session_id) = (s.client_id, s.session_id)
            WHERE s.active_leaf_message_id IS DISTINCT FROM leaf.message_id
            """
        ),
        (
            "branch and depth follow from the parent",
            """
            SELECT FROM messages AS m LEFT JOIN messages AS p
                ON (p.client_id, p.message_id) = (m.client_id, m.parent_message_id)
            WHERE m.depth <> coalesce(p.depth + 1, 0)
                OR (m.branch_id <> m.message_id AND m.branch_id IS DISTINCT FROM p.branch_id)
                OR (m.branch_id = m.message_id AND p.message_id IS NOT NULL AND m.variant_index = 0)
            """
        ),
        (
            "a message is streaming as long as it has a stream",
            """
            SELECT FROM messages AS m FULL JOIN streams AS s
                ON (s.client_id, s.message_id) = (m.client_id, m.message_id)
            WHERE (m.state = 'streaming') IS DISTINCT FROM (s.message_id IS NOT NULL)
            """
        ),
    ]
}
