/// The token in an `Authorization` header (RFC 6750, section 2.1).
public enum BearerToken {
    /// The token of `Bearer <token>`, the scheme in any case; `nil` for another scheme or an empty token.
    public static func parse(authorizationHeader header: String) -> String? {
        let scheme = "bearer"
        guard header.utf8.count > scheme.utf8.count, header.prefix(scheme.count).lowercased() == scheme else {
            return nil
        }
        let rest = header.dropFirst(scheme.count)
        guard rest.first == " " else { return nil }
        let token = rest.drop(while: { $0 == " " })
        guard !token.isEmpty, !token.contains(" ") else { return nil }
        return String(token)
    }
}
