internal import FoundationEssentials

/// What the engine accepts as the address of a resource or a backend.
public enum WebURL {
    public static let maximumBytes = 8192

    /// An absolute http(s) URL with a host, without user, password, white space or control characters.
    public static func isAcceptable(_ text: String) -> Bool {
        guard text.utf8.count <= maximumBytes, text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { return false }
        guard let url = URL(string: text), let scheme = url.scheme?.lowercased() else { return false }
        guard scheme == "http" || scheme == "https" else { return false }
        guard let host = url.host(), !host.isEmpty, url.user() == nil, url.password() == nil else { return false }
        return url.port.map { (1...65535).contains($0) } ?? true
    }
}
