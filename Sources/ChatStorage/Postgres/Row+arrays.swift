import CLibPQ
import FoundationEssentials

extension Row {
    /// `text[]` without NULL elements.
    func textArray(_ column: Int) throws(PostgresError) -> [String] {
        try required(column, optionalTextArray(column))
    }

    func optionalTextArray(_ column: Int) throws(PostgresError) -> [String]? {
        try decode(column, as: "text[]") { bytes, type in
            guard type == PostgresType.textArray else { return nil }
            return Self.elements(bytes) { String(decoding: $0, as: UTF8.self) }
        }
    }

    /// `uuid[]` without NULL elements.
    func uuidArray(_ column: Int) throws(PostgresError) -> [UUID] {
        try required(column, optionalUUIDArray(column))
    }

    func optionalUUIDArray(_ column: Int) throws(PostgresError) -> [UUID]? {
        try decode(column, as: "uuid[]") { bytes, type in
            guard type == PostgresType.uuidArray else { return nil }
            return Self.elements(bytes) { UUID(binary: $0) }
        }
    }

    /// `int8[]` without NULL elements.
    func integerArray(_ column: Int) throws(PostgresError) -> [Int64] {
        try required(column, optionalIntegerArray(column))
    }

    func optionalIntegerArray(_ column: Int) throws(PostgresError) -> [Int64]? {
        try decode(column, as: "int8[]") { bytes, type in
            guard type == PostgresType.int8Array else { return nil }
            return Self.elements(bytes) { Int64(bigEndianBytes: $0) }
        }
    }

    /// Reads what `array_send` writes: dimensions, null flag, element type, length and lower bound, elements.
    private static func elements<Element>(
        _ bytes: UnsafeRawBufferPointer,
        _ read: (UnsafeRawBufferPointer) -> Element?
    ) -> [Element]? {
        var rest = bytes[...]
        func integer() -> Int32? {
            guard rest.count >= 4 else { return nil }
            defer { rest = rest.dropFirst(4) }
            return Int32(bigEndianBytes: UnsafeRawBufferPointer(rebasing: rest.prefix(4)))
        }
        guard let dimensions = integer(), integer() != nil, integer() != nil else { return nil }
        if dimensions == 0 { return [] }
        guard dimensions == 1, let count = integer(), count >= 0, integer() != nil else { return nil }
        var elements: [Element] = []
        for _ in 0..<count {
            guard let length = integer(), length >= 0, rest.count >= Int(length),
                let element = read(UnsafeRawBufferPointer(rebasing: rest.prefix(Int(length))))
            else { return nil }
            elements.append(element)
            rest = rest.dropFirst(Int(length))
        }
        return elements
    }
}
