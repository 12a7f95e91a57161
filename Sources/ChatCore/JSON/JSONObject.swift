internal import OrderedCollections

/// A JSON object: its members in the order they were written, each name once.
public struct JSONObject: Hashable, Sendable {
    private var members: OrderedDictionary<String, JSONValue>

    public init() {
        members = [:]
    }

    /// Later members replace earlier ones of the same name.
    public init(_ members: some Sequence<(String, JSONValue)>) {
        self.members = OrderedDictionary(members, uniquingKeysWith: { _, last in last })
    }

    public var names: [String] { Array(members.keys) }

    /// Reads, replaces, adds, or with `nil` removes a member.
    public subscript(name: String) -> JSONValue? {
        get { members[name] }
        set { members[name] = newValue }
    }

    /// Adds a member unless there is one of that name; says whether it was added.
    public mutating func insert(_ value: JSONValue, named name: String) -> Bool {
        let count = members.count
        _ = members.updateValue(members[name] ?? value, forKey: name)
        return members.count > count
    }
}

extension JSONObject: Collection {
    public typealias Index = Int
    public var startIndex: Int { 0 }
    public var endIndex: Int { members.count }
    public func index(after index: Int) -> Int { index + 1 }
    public subscript(position: Int) -> (name: String, value: JSONValue) {
        let element = members.elements[position]
        return (element.key, element.value)
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(elements)
    }
}
