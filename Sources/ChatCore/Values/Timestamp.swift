#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A moment in UTC with the microsecond precision PostgreSQL keeps; written with milliseconds (RFC 3339) on the wire.
public struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let microsecondsSince1970: Int64

    public init(microsecondsSince1970: Int64) {
        self.microsecondsSince1970 = microsecondsSince1970
    }

    /// The wall clock now.
    public static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microsecondsSince1970: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

    public var millisecondsSince1970: Int64 {
        let (quotient, remainder) = microsecondsSince1970.quotientAndRemainder(dividingBy: 1000)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// This moment moved by `seconds`; saturates at the ends of the range.
    public func advanced(bySeconds seconds: Int64) -> Timestamp {
        let (delta, overflowed) = seconds.multipliedReportingOverflow(by: 1_000_000)
        guard !overflowed else { return Timestamp(microsecondsSince1970: seconds < 0 ? .min : .max) }
        let (sum, overflow) = microsecondsSince1970.addingReportingOverflow(delta)
        return Timestamp(microsecondsSince1970: overflow ? (delta < 0 ? .min : .max) : sum)
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.microsecondsSince1970 < right.microsecondsSince1970
    }

    /// RFC 3339 in UTC with milliseconds: `2026-02-05T10:30:00.000Z`.
    public var description: String {
        var days = millisecondsSince1970 / 86_400_000
        var rest = millisecondsSince1970 % 86_400_000
        if rest < 0 {
            rest += 86_400_000
            days -= 1
        }
        let (year, month, day) = Self.civil(fromDays: days)
        var text = ""
        text.reserveCapacity(24)
        Self.append(year, width: 4, to: &text)
        text.append("-")
        Self.append(month, width: 2, to: &text)
        text.append("-")
        Self.append(day, width: 2, to: &text)
        text.append("T")
        Self.append(rest / 3_600_000, width: 2, to: &text)
        text.append(":")
        Self.append(rest / 60_000 % 60, width: 2, to: &text)
        text.append(":")
        Self.append(rest / 1000 % 60, width: 2, to: &text)
        text.append(".")
        Self.append(rest % 1000, width: 3, to: &text)
        text.append("Z")
        return text
    }

    private static func append(_ number: Int64, width: Int, to text: inout String) {
        let digits = String(number)
        for _ in 0..<max(0, width - digits.utf8.count) { text.append("0") }
        text.append(digits)
    }

    /// The proleptic Gregorian date of a day number counted from 1970-01-01, in eras of 400 years.
    private static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, day)
    }
}
