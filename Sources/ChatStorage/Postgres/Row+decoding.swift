import CLibPQ
import ChatCore
import FoundationEssentials

extension Row {
    func text(_ column: Int) throws(PostgresError) -> String { try required(column, optionalText(column)) }

    /// `text`, `varchar`, `char`, `name`, or the label of an enumeration.
    func optionalText(_ column: Int) throws(PostgresError) -> String? {
        try decode(column, as: "text") { bytes, type in
            PostgresType.isText(type) ? String(decoding: bytes, as: UTF8.self) : nil
        }
    }

    func uuid(_ column: Int) throws(PostgresError) -> UUID { try required(column, optionalUUID(column)) }

    func optionalUUID(_ column: Int) throws(PostgresError) -> UUID? {
        try decode(column, as: "uuid") { bytes, type in type == PostgresType.uuid ? UUID(binary: bytes) : nil }
    }

    func integer(_ column: Int) throws(PostgresError) -> Int64 { try required(column, optionalInteger(column)) }

    /// `int2`, `int4` or `int8`.
    func optionalInteger(_ column: Int) throws(PostgresError) -> Int64? {
        try decode(column, as: "integer") { bytes, type in
            switch type {
            case PostgresType.int2: Int16(bigEndianBytes: bytes).map(Int64.init)
            case PostgresType.int4: Int32(bigEndianBytes: bytes).map(Int64.init)
            case PostgresType.int8: Int64(bigEndianBytes: bytes)
            default: nil
            }
        }
    }

    func double(_ column: Int) throws(PostgresError) -> Double { try required(column, optionalDouble(column)) }

    /// `float4` or `float8`.
    func optionalDouble(_ column: Int) throws(PostgresError) -> Double? {
        try decode(column, as: "float") { bytes, type in
            switch type {
            case PostgresType.float4: UInt32(bigEndianBytes: bytes).map { Double(Float(bitPattern: $0)) }
            case PostgresType.float8: UInt64(bigEndianBytes: bytes).map { Double(bitPattern: $0) }
            default: nil
            }
        }
    }

    func boolean(_ column: Int) throws(PostgresError) -> Bool { try required(column, optionalBoolean(column)) }

    func optionalBoolean(_ column: Int) throws(PostgresError) -> Bool? {
        try decode(column, as: "boolean") { bytes, type in
            type == PostgresType.boolean && bytes.count == 1 ? bytes[0] != 0 : nil
        }
    }

    func bytes(_ column: Int) throws(PostgresError) -> [UInt8] { try required(column, optionalBytes(column)) }

    func optionalBytes(_ column: Int) throws(PostgresError) -> [UInt8]? {
        try decode(column, as: "bytea") { bytes, type in type == PostgresType.bytes ? [UInt8](bytes) : nil }
    }

    func timestamp(_ column: Int) throws(PostgresError) -> Timestamp { try required(column, optionalTimestamp(column)) }

    /// `timestamptz`; the infinities have no timestamp and throw.
    func optionalTimestamp(_ column: Int) throws(PostgresError) -> Timestamp? {
        try decode(column, as: "timestamptz") { bytes, type in
            guard type == PostgresType.timestampWithTimeZone, let microseconds = Int64(bigEndianBytes: bytes),
                microseconds != .min, microseconds != .max
            else { return nil }
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
        try decode(column, as: "jsonb") { bytes, type in
            switch type {
            case PostgresType.json: body(bytes)
            // The first byte is the version of the format; there is only version 1.
            case PostgresType.jsonb where bytes.first == 1:
                body(UnsafeRawBufferPointer(rebasing: bytes.dropFirst()))
            default: nil
            }
        }
    }
}
