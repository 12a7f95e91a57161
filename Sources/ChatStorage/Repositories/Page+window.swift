import ChatCore

extension Page {
    /// What ``PageWindow`` has left of a list.
    ///
    /// - Parameter isFollowed: whether the list goes on behind the last of the elements.
    init(_ elements: [Element], isFollowed: Bool, cursor: (Element) -> PageCursor) {
        self.init(elements: elements, nextCursor: isFollowed ? elements.last.map(cursor) : nil)
    }
}
