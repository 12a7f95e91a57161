internal import FoundationEssentials

/// The origins of web pages that may call.
public enum AllowedOrigins: Sendable, Equatable {
    case any
    /// In lower case.
    case only(Set<String>)

    /// Whether a page of this `Origin` may call (RFC 6454, section 7).
    public func allows(_ origin: String) -> Bool {
        switch self {
        case .any: true
        case .only(let origins): origins.contains(origin.lowercased())
        }
    }

    init(_ origins: [String]) {
        self = origins == ["*"] ? .any : .only(Set(origins.map { $0.lowercased() }))
    }

    static func isAcceptable(_ origins: [String]) -> Bool {
        origins == ["*"] || origins.allSatisfy { $0.lowercased() == origin(of: $0)?.lowercased() }
    }

    /// Scheme, host and port of a URL as a browser writes them; `nil` when it has no host.
    static func origin(of url: String) -> String? {
        guard let parsed = URL(string: url), let scheme = parsed.scheme?.lowercased(), let host = parsed.host() else {
            return nil
        }
        let isDefaultPort =
            parsed.port == nil || (scheme == "http" && parsed.port == 80)
            || (scheme == "https" && parsed.port == 443)
        return isDefaultPort ? "\(scheme)://\(host)" : "\(scheme)://\(host):\(parsed.port ?? 0)"
    }
}
