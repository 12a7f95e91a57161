public import ChatCore
import Foundation

/// A file of `docs` that describes an interface: YAML with schemas, and references within the file.
public struct DescriptionFile: Sendable {
    public let document: JSONValue

    /// - Parameter name: of the file in `docs`.
    init(named name: String) throws {
        let path = TestTools.package.appendingPathComponent("docs/\(name)")
        document = try JSONValue(yaml: String(contentsOf: path, encoding: .utf8))
    }

    /// A value with its `$ref`, if it is one, followed.
    public func resolve(_ value: JSONValue) -> JSONValue {
        guard let reference = value["$ref"]?.stringValue else { return value }
        return target(of: reference).map(resolve) ?? .null
    }

    /// What a reference within the file, like `#/components/schemas/Session`, leads to.
    public func target(of reference: String) -> JSONValue? {
        guard reference.hasPrefix("#/") else { return nil }
        return reference.dropFirst(2).split(separator: "/").reduce(Optional(document)) { $0?[String($1)] }
    }

    /// Everything that is wrong with a value by a schema of the file, each with where it is.
    ///
    /// - Parameter path: what the value is called.
    public func faults(in value: JSONValue, against schema: JSONValue, at path: String = "$") -> [String] {
        SchemaValidator(file: self).faults(in: value, against: schema, at: path)
    }
}
