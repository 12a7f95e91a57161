/// A slice of a list, and the cursor of what follows it.
public struct Page<Element: Sendable>: Sendable {
    public var elements: [Element]
    /// `nil` at the end of the list.
    public var nextCursor: PageCursor?

    public init(elements: [Element], nextCursor: PageCursor?) {
        self.elements = elements
        self.nextCursor = nextCursor
    }

    public func map<Other: Sendable>(_ transform: (Element) -> Other) -> Page<Other> {
        Page<Other>(elements: elements.map(transform), nextCursor: nextCursor)
    }
}

/// The place after which a page goes on: the sort keys of the last element delivered. Opaque to clients.
public struct PageCursor: Hashable, Sendable {
    /// The list it belongs to; a cursor of one list is refused by another.
    public let list: String
    /// Sort keys, as decimal numbers or ids.
    public let keys: [String]

    public init(list: String, keys: [String]) {
        self.list = list
        self.keys = keys
    }
}
