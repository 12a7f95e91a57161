internal import OrderedCollections

/// A JSON object: its members in the order they were written, each name once.
///
/// Names are told apart by their bytes, as JSON has it and as the database does; two spellings of one character are two.
public struct JSONObject: Hashable, Sendable {
    /// A name that equals no other of other bytes, which `String` would have it do.
    private struct Name: Hashable, Sendable {
        let text: String

        init(_ text: String) {
            self.text = text
        }

        static func == (left: Name, right: Name) -> Bool {
            // The first tells most names apart at once.
            left.text == right.text && left.text.utf8.elementsEqual(right.text.utf8)
        }

        func hash(into hasher: inout Hasher) {
            var text = text
            text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        }
    }

    private var members: OrderedDictionary<Name, JSONValue>

    public init() {
        members = [:]
    }

    /// Later members replace earlier ones of the same name.
    public init(_ members: some Sequence<(String, JSONValue)>) {
        self.members = OrderedDictionary(members.map { (Name($0), $1) }, uniquingKeysWith: { _, last in last })
    }

    public var names: [String] { members.keys.map(\.text) }

    /// Reads, replaces, adds, or with `nil` removes a member.
    public subscript(name: String) -> JSONValue? {
        get { members[Name(name)] }
        set { members[Name(name)] = newValue }
    }

    /// Adds a member unless there is one of that name; says whether it was added.
    public mutating func insert(_ value: JSONValue, named name: String) -> Bool {
        let name = Name(name)
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
        return (element.key.text, element.value)
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(elements)
    }
}
