import CLibPQ
import ChatCore
import FoundationEssentials

extension Row {
    func text(_ column: Int) throws(PostgresError) -> String { try required(column, optionalText(column)) }

    /// `text`, `varchar`, `char`, `name`, or the label of an enumeration.
    func optionalText(_ column: Int) throws(PostgresError) -> String? {
        try decode(column, as: "text", types: Self.isText) { bytes, _ in String(decoding: bytes, as: UTF8.self) }
    }

    func uuid(_ column: Int) throws(PostgresError) -> UUID { try required(column, optionalUUID(column)) }

    func optionalUUID(_ column: Int) throws(PostgresError) -> UUID? {
        try decode(column, as: "uuid", types: { $0 == PostgresType.uuid }) { bytes, _ in UUID(binary: bytes) }
    }

    func integer(_ column: Int) throws(PostgresError) -> Int64 { try required(column, optionalInteger(column)) }

    /// `int2`, `int4` or `int8`.
    func optionalInteger(_ column: Int) throws(PostgresError) -> Int64? {
        try decode(column, as: "integer", types: Self.isInteger) { bytes, type in
            switch type {
            case PostgresType.int2: Int16(bigEndianBytes: bytes).map(Int64.init)
            case PostgresType.int4: Int32(bigEndianBytes: bytes).map(Int64.init)
            default: Int64(bigEndianBytes: bytes)
            }
        }
    }

    func double(_ column: Int) throws(PostgresError) -> Double { try required(column, optionalDouble(column)) }

    /// `float4` or `float8`.
    func optionalDouble(_ column: Int) throws(PostgresError) -> Double? {
        try decode(column, as: "float", types: { $0 == PostgresType.float4 || $0 == PostgresType.float8 }) {
            bytes,
            type in
            type == PostgresType.float4
                ? UInt32(bigEndianBytes: bytes).map { Double(Float(bitPattern: $0)) }
                : UInt64(bigEndianBytes: bytes).map { Double(bitPattern: $0) }
        }
    }

    func boolean(_ column: Int) throws(PostgresError) -> Bool { try required(column, optionalBoolean(column)) }

    func optionalBoolean(_ column: Int) throws(PostgresError) -> Bool? {
        try decode(column, as: "boolean", types: { $0 == PostgresType.boolean }) { bytes, _ in
            bytes.count == 1 ? bytes[0] != 0 : nil
        }
    }

    func bytes(_ column: Int) throws(PostgresError) -> [UInt8] { try required(column, optionalBytes(column)) }

    func optionalBytes(_ column: Int) throws(PostgresError) -> [UInt8]? {
        try decode(column, as: "bytea", types: { $0 == PostgresType.bytes }) { bytes, _ in [UInt8](bytes) }
    }

    func timestamp(_ column: Int) throws(PostgresError) -> Timestamp { try required(column, optionalTimestamp(column)) }

    /// `timestamptz`; the infinities have no timestamp and throw.
    func optionalTimestamp(_ column: Int) throws(PostgresError) -> Timestamp? {
        try decode(column, as: "timestamptz", types: { $0 == PostgresType.timestampWithTimeZone }) { bytes, _ in
            guard let microseconds = Int64(bigEndianBytes: bytes), microseconds != .min, microseconds != .max else {
                return nil
            }
            let (sum, overflow) = microseconds.addingReportingOverflow(Timestamp.postgresEpochMicroseconds)
            return overflow ? nil : Timestamp(microsecondsSince1970: sum)
        }
    }

    func json(_ column: Int) throws(PostgresError) -> String { try required(column, optionalJSON(column)) }

    /// The JSON text of a `jsonb` or `json` value.
    func optionalJSON(_ column: Int) throws(PostgresError) -> String? {
        try withJSONBytes(column) { String(decoding: $0, as: UTF8.self) }
    }

    /// Hands the JSON text's bytes to `body` without a copy; `nil` for NULL.
    func withJSONBytes<Value>(
        _ column: Int,
        _ body: (UnsafeRawBufferPointer) -> Value
    ) throws(PostgresError) -> Value? {
        try decode(column, as: "jsonb", types: { $0 == PostgresType.jsonb || $0 == PostgresType.json }) { bytes, type in
            if type == PostgresType.json { return body(bytes) }
            // The first byte is the version of the format; there is only version 1.
            guard bytes.first == 1 else { return nil }
            return body(UnsafeRawBufferPointer(rebasing: bytes.dropFirst()))
        }
    }

    private static func isText(_ type: Oid) -> Bool {
        switch type {
        case PostgresType.text, PostgresType.variableCharacters, PostgresType.paddedCharacters, PostgresType.name: true
        default: type >= PostgresType.firstUserDefined
        }
    }

    private static func isInteger(_ type: Oid) -> Bool {
        type == PostgresType.int8 || type == PostgresType.int4 || type == PostgresType.int2
    }
}

extension FixedWidthInteger {
    /// Reads exactly this type's width in network byte order.
    init?(bigEndianBytes bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Self.bitWidth / 8 else { return nil }
        self.init(bigEndian: bytes.loadUnaligned(as: Self.self))
    }
}

extension UUID {
    init?(binary bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 16 else { return nil }
        self.init(uuid: bytes.loadUnaligned(as: uuid_t.self))
    }
}

extension Timestamp {
    /// PostgreSQL counts from 2000-01-01.
    static let postgresEpochMicroseconds: Int64 = 946_684_800_000_000
}
