internal import ChatCore

/// Reads the header field `Retry-After` (RFC 9110, section 10.2.3).
enum RetryAfter {
    /// How long to wait, from now on: given as seconds, or as a date in the form that is to be written today; `nil` for
    /// anything else.
    static func seconds(_ text: String, at now: Timestamp) -> Int? {
        if let seconds = Int(text) { return seconds < 0 ? nil : seconds }
        guard let time = Timestamp(httpDate: text) else { return nil }
        return Int(clamping: max(0, time.millisecondsSince1970 / 1000 - now.millisecondsSince1970 / 1000))
    }
}

extension Timestamp {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Reads a moment as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`.
    init?(httpDate text: String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 6, words[0].hasSuffix(","), words[5] == "GMT",
            let month = Self.months.firstIndex(of: String(words[2]))
        else { return nil }
        let number = month + 1
        self.init(rfc3339: "\(words[3])-\(number < 10 ? "0" : "")\(number)-\(words[1])T\(words[4])Z")
    }
}
