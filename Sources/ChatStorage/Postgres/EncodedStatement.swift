import CLibPQ
import ChatCore
import FoundationEssentials

/// A statement as libpq takes it: parameters in binary, one after the other in one buffer.
///
/// Encoding happens in the caller's task, so that the I/O thread has only bytes to hand over.
struct EncodedStatement: Sendable {
    /// What a prepared statement is known by on its connection.
    struct Key: Hashable, Sendable {
        let sql: String
        let types: [Oid]
    }

    let key: Key
    let effect: Statement.Effect
    /// All values, and one byte more so that the address of an empty last value is not null.
    private(set) var bytes: [UInt8] = []
    private(set) var offsets: [Int] = []
    /// -1 for NULL.
    private(set) var lengths: [Int32] = []

    /// Most parameters the protocol can count.
    private static let maximumParameters = 65_535

    /// - Throws: ``PostgresError/Code/invalidParameter`` for more parameters or longer ones than the protocol carries.
    init(_ statement: Statement) throws(PostgresError) {
        key = Key(sql: statement.sql, types: statement.parameters.map(\.type))
        effect = statement.effect
        guard statement.parameters.count <= Self.maximumParameters else {
            throw PostgresError(.invalidParameter, "A statement has more than \(Self.maximumParameters) parameters.")
        }
        for parameter in statement.parameters {
            let start = bytes.count
            offsets.append(start)
            guard parameter.append(to: &bytes) else {
                lengths.append(-1)
                continue
            }
            guard let length = Int32(exactly: bytes.count - start) else {
                throw PostgresError(.invalidParameter, "A parameter is longer than \(Int32.max) bytes.")
            }
            lengths.append(length)
        }
        bytes.append(0)
    }

    /// A command without parameters.
    init(command: StaticString) {
        key = Key(sql: "\(command)", types: [])
        effect = .mayWrite
        bytes = [0]
    }

    /// A command with one short text as its parameter.
    init(command: StaticString, text: String) {
        key = Key(sql: "\(command)", types: [PostgresType.text])
        effect = .mayWrite
        bytes = Array(text.utf8) + [0]
        offsets = [0]
        lengths = [Int32(clamping: text.utf8.count)]
    }
}
