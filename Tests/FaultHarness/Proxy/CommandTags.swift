import NIOCore

/// Finds PostgreSQL's word that a command is complete (`CommandComplete`) in what a server sends.
enum CommandTags {
    private static let commit = Array("COMMIT\0".utf8)
    /// Statements that may write answer with one of these.
    private static let others = ["SELECT ", "INSERT ", "UPDATE ", "DELETE "].map { Array($0.utf8) }

    static func complete(in reply: ByteBuffer, onlyCommits: Bool) -> Bool {
        let bytes = reply.readableBytesView
        if bytes.contains(commit) { return true }
        return !onlyCommits && others.contains { bytes.contains($0) }
    }
}
