import ChatCore

extension Page {
    /// The first `limit` of the elements read; one more than that tells that the list goes on.
    init(_ elements: [Element], limit: Int, cursor: (Element) -> PageCursor) {
        guard elements.count > limit, limit > 0 else {
            self.init(elements: elements, nextCursor: nil)
            return
        }
        let page = Array(elements.prefix(limit))
        self.init(elements: page, nextCursor: page.last.map(cursor))
    }
}
