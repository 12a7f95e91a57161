import ChatCore
import Foundation
import Synchronization

/// Holds values against schemas (JSON Schema): the keywords that `docs/openapi.yaml` and `docs/asyncapi.yaml` use. Any other
/// keyword is itself a fault, so that nothing is taken for checked that is not.
struct SchemaValidator: Sendable {
    let file: DescriptionFile

    /// Keywords that say nothing about which values are valid.
    private static let annotations: Set = ["description", "default", "example", "examples", "title", "writeOnly"]

    /// Everything that is wrong with `value`, each with the path to it.
    func faults(in value: JSONValue, against schema: JSONValue, at path: String = "$") -> [String] {
        if case .bool(let accepts) = schema { return accepts ? [] : ["\(path) must not be there"] }
        guard let keywords = schema.objectValue else { return ["\(path): the schema is no schema: \(schema.text)"] }
        return keywords.flatMap { keyword, argument in
            fault(in: value, keyword, argument, schema: schema, at: path)
        }
    }

    private func fault(
        in value: JSONValue,
        _ keyword: String,
        _ argument: JSONValue,
        schema: JSONValue,
        at path: String
    ) -> [String] {
        switch keyword {
        case "$ref": return referenceFaults(in: value, argument, at: path)
        case "type", "enum", "const": return kindFaults(in: value, keyword, argument, at: path)
        case "oneOf", "anyOf": return choiceFaults(in: value, keyword, argument, at: path)
        case "required", "properties", "additionalProperties", "minProperties":
            guard let object = value.objectValue else { return [] }
            return objectFaults(in: object, keyword, argument, schema: schema, at: path)
        case "items", "minItems", "maxItems", "uniqueItems":
            guard let elements = value.arrayValue else { return [] }
            return arrayFaults(in: elements, keyword, argument, at: path)
        case "minLength", "maxLength", "pattern", "format":
            guard let text = value.stringValue else { return [] }
            return textFaults(in: text, keyword, argument, at: path)
        case "minimum", "maximum":
            guard case .number(let number) = value, let number = number.double else { return [] }
            return numberFaults(in: number, keyword, argument, at: path)
        case _ where Self.annotations.contains(keyword): return []
        default: return ["\(path): the keyword \(keyword) is not one that is checked"]
        }
    }

    private func referenceFaults(in value: JSONValue, _ reference: JSONValue, at path: String) -> [String] {
        guard let target = reference.stringValue.flatMap(file.target) else {
            return ["\(path): \(reference.text) leads nowhere"]
        }
        return faults(in: value, against: target, at: path)
    }

    private func kindFaults(in value: JSONValue, _ keyword: String, _ argument: JSONValue, at path: String) -> [String]
    {
        switch keyword {
        case "type":
            let names = (argument.arrayValue ?? [argument]).compactMap(\.stringValue)
            return names.contains { Self.isOfType($0, value) }
                ? [] : ["\(path) is no \(names): \(value.text.prefix(200))"]
        case "enum":
            return argument.arrayValue?.contains(value) == true
                ? [] : ["\(path) is none of \(argument.text): \(value.text)"]
        default:
            return argument == value ? [] : ["\(path) is not \(argument.text): \(value.text)"]
        }
    }

    private func choiceFaults(
        in value: JSONValue,
        _ keyword: String,
        _ argument: JSONValue,
        at path: String
    ) -> [String] {
        let results = (argument.arrayValue ?? []).map { faults(in: value, against: $0, at: path) }
        let count = results.count { $0.isEmpty }
        guard keyword == "oneOf" ? count != 1 : count == 0 else { return [] }
        // The alternative that fits best is most likely the one that was meant.
        let nearest = count == 0 ? results.min { $0.count < $1.count } ?? [] : []
        return ["\(path) fits \(count) of the alternatives"] + nearest
    }

    private func objectFaults(
        in object: JSONObject,
        _ keyword: String,
        _ argument: JSONValue,
        schema: JSONValue,
        at path: String
    ) -> [String] {
        switch keyword {
        case "required":
            return (argument.arrayValue ?? []).compactMap(\.stringValue).filter { object[$0] == nil }
                .map { "\(path).\($0) is missing" }
        case "properties":
            return (argument.objectValue ?? [:]).flatMap { name, schema in
                object[name].map { faults(in: $0, against: schema, at: "\(path).\(name)") } ?? []
            }
        case "minProperties":
            return Int64(object.count) >= argument.integerValue ?? .max ? [] : ["\(path) has too few members"]
        default:
            let described = schema["properties"]?.objectValue ?? [:]
            return object.filter { described[$0.0] == nil }.flatMap { name, member in
                faults(in: member, against: argument, at: "\(path).\(name)")
            }
        }
    }

    private func arrayFaults(
        in elements: [JSONValue],
        _ keyword: String,
        _ argument: JSONValue,
        at path: String
    ) -> [String] {
        let count = Int64(elements.count)
        switch keyword {
        case "items":
            return elements.enumerated().flatMap { faults(in: $1, against: argument, at: "\(path)[\($0)]") }
        case "minItems": return count >= argument.integerValue ?? .max ? [] : ["\(path) is too short: \(count)"]
        case "maxItems": return count <= argument.integerValue ?? -1 ? [] : ["\(path) is too long: \(count)"]
        default:
            return argument == true && Set(elements).count < elements.count ? ["\(path) has an element twice"] : []
        }
    }

    private func textFaults(in text: String, _ keyword: String, _ argument: JSONValue, at path: String) -> [String] {
        let length = Int64(text.unicodeScalars.count)
        switch keyword {
        case "minLength": return length >= argument.integerValue ?? .max ? [] : ["\(path) is too short"]
        case "maxLength": return length <= argument.integerValue ?? -1 ? [] : ["\(path) is too long"]
        case "pattern":
            guard let pattern = argument.stringValue, let expression = Self.expression(pattern) else {
                return ["\(path): \(argument.text) is no pattern"]
            }
            let range = NSRange(text.startIndex..., in: text)
            return expression.firstMatch(in: text, range: range) == nil
                ? ["\(path) is not like \(pattern): \(text)"] : []
        default: return formatFaults(in: text, argument.stringValue ?? "", at: path)
        }
    }

    private func formatFaults(in text: String, _ format: String, at path: String) -> [String] {
        let isValid: Bool
        switch format {
        case "uuid": isValid = UUID(uuidString: text) != nil
        case "date-time": isValid = Timestamp(rfc3339: text) != nil
        case "uri": isValid = URL(string: text)?.scheme != nil
        case "uri-reference": isValid = URL(string: text) != nil
        default: return ["\(path): the format \(format) is not one that is checked"]
        }
        return isValid ? [] : ["\(path) is no \(format): \(text)"]
    }

    private func numberFaults(in number: Double, _ keyword: String, _ argument: JSONValue, at path: String) -> [String]
    {
        guard case .number(let bound) = argument, let bound = bound.double else {
            return ["\(path): \(argument.text) is no bound"]
        }
        let isValid = keyword == "minimum" ? number >= bound : number <= bound
        return isValid ? [] : ["\(path) is beyond its \(keyword) \(bound): \(number)"]
    }

    private static func isOfType(_ name: String, _ value: JSONValue) -> Bool {
        switch (name, value) {
        case ("null", .null), ("boolean", .bool), ("number", .number), ("string", .string), ("array", .array),
            ("object", .object):
            true
        case ("integer", .number(let number)): number.double.map { $0 == $0.rounded() } ?? false
        default: false
        }
    }

    private static let expressions = Mutex<[String: NSRegularExpression]>([:])

    private static func expression(_ pattern: String) -> NSRegularExpression? {
        expressions.withLock { expressions in
            if let known = expressions[pattern] { return known }
            let made = try? NSRegularExpression(pattern: pattern)
            expressions[pattern] = made
            return made
        }
    }
}
