/// Hides what is secret in the address of a database or of Redis.
enum ConnectionStringMask {
    /// The password in `scheme://user:password@host`, and the value of every parameter whose name ends in `password`,
    /// become asterisks.
    static func masked(_ text: String) -> String {
        maskParameters(maskUserInformation(text))
    }

    private static func maskUserInformation(_ text: String) -> String {
        guard let scheme = text.firstRange(of: "://") else { return text }
        let query = text[scheme.upperBound...].firstIndex(of: "?") ?? text.endIndex
        // The last @ rather than the first: a password that should have been percent-encoded is hidden as well.
        guard let at = text[scheme.upperBound..<query].lastIndex(of: "@"),
            let colon = text[scheme.upperBound..<at].firstIndex(of: ":")
        else { return text }
        return text[...colon] + Secret.mask + text[at...]
    }

    private static func maskParameters(_ text: String) -> String {
        text.replacing(#/(?i)(password\s*=\s*)(?:'(?:\\.|[^'\\])*'?|[^\s&']+)/#) { "\($0.output.1)\(Secret.mask)" }
    }
}
