import CLibPQ
import ChatCore
import FoundationEssentials

extension PostgresValue {
    /// The type named to the server.
    var type: Oid {
        switch self {
        case .null: PostgresType.unspecified
        case .text: PostgresType.text
        case .uuid: PostgresType.uuid
        case .integer: PostgresType.int8
        case .int32: PostgresType.int4
        case .boolean: PostgresType.boolean
        case .bytes: PostgresType.bytes
        case .timestamp: PostgresType.timestampWithTimeZone
        case .json: PostgresType.jsonb
        case .textArray: PostgresType.textArray
        case .uuidArray: PostgresType.uuidArray
        case .integerArray: PostgresType.int8Array
        }
    }

    /// Appends the value in the form its type's receive function reads (`src/backend/utils/adt`); false for NULL.
    func append(to bytes: inout [UInt8]) -> Bool {
        switch self {
        case .null: return false
        case .text(let text): bytes.append(contentsOf: text.utf8)
        case .uuid(let uuid): bytes.append(uuid)
        case .integer(let integer): bytes.append(bigEndian: integer)
        case .int32(let integer): bytes.append(bigEndian: integer)
        case .boolean(let boolean): bytes.append(boolean ? 1 : 0)
        case .bytes(let value): bytes.append(contentsOf: value)
        case .timestamp(let timestamp): bytes.append(bigEndian: timestamp.microsecondsSince2000)
        case .json(let json):
            bytes.append(1)
            bytes.append(contentsOf: json.utf8)
        case .textArray(let array):
            bytes.append(array: array, of: PostgresType.text) { $0.append(contentsOf: $1.utf8) }
        case .uuidArray(let array):
            bytes.append(array: array, of: PostgresType.uuid) { $0.append($1) }
        case .integerArray(let array):
            bytes.append(array: array, of: PostgresType.int8) { $0.append(bigEndian: $1) }
        }
        return true
    }
}

extension [UInt8] {
    fileprivate mutating func append(bigEndian integer: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: integer.bigEndian) { append(contentsOf: $0) }
    }

    fileprivate mutating func append(_ uuid: UUID) {
        Swift.withUnsafeBytes(of: uuid.uuid) { append(contentsOf: $0) }
    }

    /// One dimension without NULLs (`array_recv`): dimensions, null flag, element type, length, lower bound, elements.
    ///
    /// A length over `Int32.max` cannot be written; the statement's own length check refuses such a parameter.
    fileprivate mutating func append<Item>(
        array: [Item],
        of type: Oid,
        element: (inout [UInt8], Item) -> Void
    ) {
        append(bigEndian: Int32(array.isEmpty ? 0 : 1))
        append(bigEndian: Int32(0))
        append(bigEndian: type)
        guard !array.isEmpty else { return }
        append(bigEndian: Int32(clamping: array.count))
        append(bigEndian: Int32(1))
        for item in array {
            let lengthStart = count
            append(bigEndian: Int32(0))
            element(&self, item)
            let length = Int32(clamping: count - lengthStart - 4)
            Swift.withUnsafeBytes(of: length.bigEndian) { replaceSubrange(lengthStart..<lengthStart + 4, with: $0) }
        }
    }
}

extension Timestamp {
    /// PostgreSQL counts from 2000-01-01.
    static let postgresEpochMicroseconds: Int64 = 946_684_800_000_000

    /// Saturates at the ends of the range, which the server reads as the infinities.
    fileprivate var microsecondsSince2000: Int64 {
        let (difference, overflow) = microsecondsSince1970.subtractingReportingOverflow(Self.postgresEpochMicroseconds)
        return overflow ? .min : difference
    }
}
