/// Reads a stream of server-sent events (WHATWG HTML, 'Server-sent events') from bytes as they arrive.
///
/// The bytes may be split anywhere: inside a UTF-8 sequence, between CR and LF, inside the byte order mark. What an
/// event holds is not looked at, so whether it is valid UTF-8 is for the reader of the event to judge. A line or an
/// event that arrives in one piece is not copied.
///
/// As the standard demands, an event without `data` is no event, and one that no blank line ends is dropped.
struct SSEParser: Sendable {
    /// How much may be held for a line or an event that is not whole yet, in bytes.
    struct Limits: Hashable, Sendable {
        var lineBytes: Int
        var eventBytes: Int
    }

    enum Failure: Error, Hashable {
        case lineTooLong
        case eventTooLong
    }

    /// One event; its bytes are those of the parser and live as long as the call they are handed to.
    struct Event {
        /// Empty when the stream named none.
        let name: UnsafeRawBufferPointer
        let data: UnsafeRawBufferPointer
        /// The data came in several lines, joined here by LF.
        let hasSeveralLines: Bool
    }

    /// The data of the event being read.
    private enum EventData {
        case none
        /// One line, in the bytes being parsed.
        case inPlace(UnsafeRawBufferPointer)
        /// In ``SSEParser/heldData``.
        case held
    }

    private let limits: Limits
    private var isFirstLine = true
    private var endedWithCarriageReturn = false
    /// The beginning of a line whose end has not arrived.
    private var heldLine: [UInt8] = []
    private var eventName: [UInt8] = []
    /// The data of an event whose end has not arrived, or that has several lines.
    private var heldData: [UInt8] = []
    private var hasData = false
    private var dataLines = 0

    init(limits: Limits) {
        self.limits = limits
    }

    /// Takes the bytes that arrived and calls `emit` for each event they complete.
    ///
    /// - Throws: ``Failure`` when a limit is exceeded, or what `emit` throws; the parser is of no use afterwards.
    mutating func parse(_ bytes: UnsafeRawBufferPointer, emit: (Event) throws -> Void) throws {
        guard !bytes.isEmpty else { return }
        var data: EventData = hasData ? .held : .none
        var position = 0
        if endedWithCarriageReturn {
            endedWithCarriageReturn = false
            if bytes[0] == Self.lineFeed { position = 1 }
        }
        while let end = Self.endOfLine(in: bytes, from: position) {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[position..<end])
            if heldLine.isEmpty {
                guard rest.count <= limits.lineBytes else { throw Failure.lineTooLong }
                try line(rest, isHeld: false, data: &data, emit: emit)
            } else {
                try endHeldLine(with: rest, data: &data, emit: emit)
            }
            position = end + 1
            guard bytes[end] == Self.carriageReturn else { continue }
            if position == bytes.count {
                endedWithCarriageReturn = true
            } else if bytes[position] == Self.lineFeed {
                position += 1
            }
        }
        try hold(UnsafeRawBufferPointer(rebasing: bytes[position...]))
        if case .inPlace(let line) = data { heldData.append(contentsOf: line) }
    }

    private mutating func hold(_ rest: UnsafeRawBufferPointer) throws {
        guard rest.count <= limits.lineBytes - heldLine.count else { throw Failure.lineTooLong }
        heldLine.append(contentsOf: rest)
    }

    private mutating func endHeldLine(
        with rest: UnsafeRawBufferPointer,
        data: inout EventData,
        emit: (Event) throws -> Void
    ) throws {
        try hold(rest)
        var line: [UInt8] = []
        swap(&line, &heldLine)
        try line.withUnsafeBytes { try self.line($0, isHeld: true, data: &data, emit: emit) }
        line.removeAll(keepingCapacity: line.capacity <= Self.keptCapacity)
        swap(&line, &heldLine)
    }

    private mutating func line(
        _ line: UnsafeRawBufferPointer,
        isHeld: Bool,
        data: inout EventData,
        emit: (Event) throws -> Void
    ) throws {
        var line = line
        if isFirstLine {
            isFirstLine = false
            if line.starts(with: Self.byteOrderMark) { line = UnsafeRawBufferPointer(rebasing: line[3...]) }
        }
        if line.isEmpty { return try endEvent(&data, emit: emit) }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.count
        let name = line[..<colon]
        var start = min(colon + 1, line.count)
        if start < line.count, line[start] == UInt8(ascii: " ") { start += 1 }
        let value = UnsafeRawBufferPointer(rebasing: line[start...])
        if name.elementsEqual("data".utf8) {
            try append(value, isHeld: isHeld, to: &data)
        } else if name.elementsEqual("event".utf8) {
            guard value.count <= limits.eventBytes else { throw Failure.eventTooLong }
            eventName.removeAll(keepingCapacity: true)
            eventName.append(contentsOf: value)
        }
    }

    /// `isHeld` says that the value's bytes do not outlive this line.
    private mutating func append(_ value: UnsafeRawBufferPointer, isHeld: Bool, to data: inout EventData) throws {
        hasData = true
        dataLines += 1
        switch data {
        case .none where !isHeld:
            guard value.count <= limits.eventBytes else { throw Failure.eventTooLong }
            data = .inPlace(value)
            return
        case .none:
            break
        case .inPlace(let first):
            heldData.append(contentsOf: first)
            heldData.append(Self.lineFeed)
        case .held:
            heldData.append(Self.lineFeed)
        }
        guard value.count <= limits.eventBytes - heldData.count else { throw Failure.eventTooLong }
        heldData.append(contentsOf: value)
        data = .held
    }

    private mutating func endEvent(_ data: inout EventData, emit: (Event) throws -> Void) throws {
        let hasSeveralLines = dataLines > 1
        try eventName.withUnsafeBytes { name in
            switch data {
            case .none: break
            case .inPlace(let line): try emit(Event(name: name, data: line, hasSeveralLines: hasSeveralLines))
            case .held:
                try heldData.withUnsafeBytes {
                    try emit(Event(name: name, data: $0, hasSeveralLines: hasSeveralLines))
                }
            }
        }
        data = .none
        hasData = false
        dataLines = 0
        eventName.removeAll(keepingCapacity: eventName.capacity <= Self.keptCapacity)
        heldData.removeAll(keepingCapacity: heldData.capacity <= Self.keptCapacity)
    }

    private static func endOfLine(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var position = start
        while position < bytes.count {
            let byte = bytes[position]
            if byte == lineFeed || byte == carriageReturn { return position }
            position += 1
        }
        return nil
    }

    private static let lineFeed = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
    /// Buffers that grew over this are let go once an event is done.
    private static let keptCapacity = 64 * 1024
}
