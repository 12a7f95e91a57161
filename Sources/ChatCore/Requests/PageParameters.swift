/// Which page of messages, where they come without a limit as many at a time as a page can hold.
public struct PageParameters: Hashable, Sendable {
    public var limit: Int
    public var cursor: PageCursor?

    /// What is wrong is told when reading is finished.
    public init(reading reader: inout some ParameterReader) {
        limit = reader.integer("limit", in: 1...1000) ?? 1000
        cursor = reader.cursor()
    }
}
