/// How an export is written (`contract/rest.md`, 'Operations').
public enum ExportFormat: String, CaseIterable, Sendable {
    /// Complete and re-readable; its schema is docs/export.schema.json.
    case json
    /// A transcript for people (CommonMark).
    case markdown
    /// A transcript for people.
    case txt

    public var fileExtension: String {
        switch self {
        case .json: "json"
        case .markdown: "md"
        case .txt: "txt"
        }
    }

    public var contentType: String {
        switch self {
        case .json: "application/json; charset=utf-8"
        case .markdown: "text/markdown; charset=utf-8"
        case .txt: "text/plain; charset=utf-8"
        }
    }
}

/// Which messages of a session an export holds.
public enum ExportScope: String, CaseIterable, Sendable {
    /// The active path, from the root on.
    case active
    /// Every variant and branch, in the order of creation.
    case all
}
