import ChatCore
import Foundation
import Yams

extension JSONValue {
    /// Reads YAML that says what JSON could.
    init(yaml: String) throws {
        self = try Self.json(try Yams.load(yaml: yaml))
    }

    private static func json(_ value: Any?) throws -> JSONValue {
        switch value {
        case nil, is NSNull: return .null
        case let text as String: return .string(text)
        case let flag as Bool: return .bool(flag)
        case let number as Int: return .integer(number)
        case let number as Double: return .number(JSONNumber(number))
        case let elements as [Any]: return .array(try elements.map(json))
        case let members as [AnyHashable: Any]:
            return .object(JSONObject(try members.map { ("\($0.key)", try json($0.value)) }))
        default: throw TestSupportError("not JSON: \(String(describing: value))")
        }
    }
}
