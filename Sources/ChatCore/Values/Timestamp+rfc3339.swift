extension Timestamp {
    /// Reads a moment as RFC 3339, section 5.6, writes it, to the microsecond; finer digits are dropped.
    ///
    /// `nil` for anything else, and for what lies outside the years 0 to 9999 in UTC. A leap second is the second after
    /// it, as on the wire and in the database there are none.
    public init?(rfc3339 text: some StringProtocol) {
        var reader = DigitReader(text.utf8)
        guard let year = reader.number(4), reader.take("-"), let month = reader.number(2), reader.take("-"),
            let day = reader.number(2), reader.take("T") || reader.take("t"),
            let hour = reader.number(2), reader.take(":"), let minute = reader.number(2), reader.take(":"),
            let second = reader.number(2)
        else { return nil }
        let microseconds = reader.take(".") ? reader.microseconds() : 0
        guard let microseconds, let offsetMinutes = reader.offsetMinutes(), reader.isAtEnd,
            (1...12).contains(month), (1...Self.days(inMonth: month, of: year)).contains(day),
            hour <= 23, minute <= 59, second <= 60
        else { return nil }
        let minutes = (Self.days(toYear: year, month: month, day: day) * 24 + hour) * 60 + minute - offsetMinutes
        let time = Timestamp(microsecondsSince1970: (minutes * 60 + second) * 1_000_000 + microseconds)
        guard Self.writable.contains(time.microsecondsSince1970) else { return nil }
        self = time
    }

    /// The years 0 to 9999, which four digits can write.
    private static let writable =
        days(toYear: 0, month: 1, day: 1) * 86_400_000_000..<days(toYear: 10_000, month: 1, day: 1) * 86_400_000_000

    private static func days(inMonth month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970-01-01 in the proleptic Gregorian calendar, counted in years that begin in March.
    private static func days(toYear year: Int64, month: Int64, day: Int64) -> Int64 {
        // 400 years are 146,097 days, whichever they are; adding them keeps every division one of positive numbers.
        let shiftedYear = (month <= 2 ? year - 1 : year) + 400
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        let days = shiftedYear * 365 + shiftedYear / 4 - shiftedYear / 100 + shiftedYear / 400 + dayOfYear
        return days - 719_468 - 146_097
    }
}

/// Takes digits and marks from the front of a text.
private struct DigitReader<Bytes: Sequence> where Bytes.Element == UInt8 {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: Bytes) {
        // Longer than any time with a sensible fraction.
        rest = Array(bytes.prefix(65))[...]
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ mark: Unicode.Scalar) -> Bool {
        guard let byte = rest.first, UInt32(byte) == mark.value else { return false }
        rest.removeFirst()
        return true
    }

    /// A number of exactly so many digits.
    mutating func number(_ digits: Int) -> Int64? {
        var number: Int64 = 0
        for _ in 0..<digits {
            guard let digit = digit() else { return nil }
            number = number * 10 + digit
        }
        return number
    }

    /// The digits of a fraction of a second, at least one.
    mutating func microseconds() -> Int64? {
        var number: Int64 = 0
        var count = 0
        while let digit = digit() {
            if count < 6 { number = number * 10 + digit }
            count += 1
        }
        guard count > 0 else { return nil }
        for _ in count..<max(count, 6) { number *= 10 }
        return number
    }

    /// `Z`, or how far local time is ahead of UTC.
    mutating func offsetMinutes() -> Int64? {
        if take("Z") || take("z") { return 0 }
        let isNegative = take("-")
        guard isNegative || take("+"), let hours = number(2), take(":"), let minutes = number(2),
            hours <= 23, minutes <= 59
        else { return nil }
        return (isNegative ? -1 : 1) * (hours * 60 + minutes)
    }

    private mutating func digit() -> Int64? {
        guard let byte = rest.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
        rest.removeFirst()
        return Int64(byte - UInt8(ascii: "0"))
    }
}
