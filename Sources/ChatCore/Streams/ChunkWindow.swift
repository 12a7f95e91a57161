internal import DequeModule

/// The newest chunks of a stream, for those who have not had them yet.
struct ChunkWindow: Sendable {
    private struct Entry {
        let chunk: StreamChunk
        /// Bytes of the stream up to the end of this chunk.
        let endOffset: Int
    }

    private var entries: Deque<Entry> = []
    /// The number of the first chunk held.
    private(set) var firstIndex = 0
    private var startOffset = 0
    private var endOffset = 0

    /// The number of the next chunk to come.
    var endIndex: Int { firstIndex + entries.count }

    /// What the chunks held take.
    var byteCount: Int { endOffset - startOffset }

    mutating func append(_ chunk: StreamChunk) {
        endOffset += chunk.content.utf8.count + chunk.json.utf8.count
        entries.append(Entry(chunk: chunk, endOffset: endOffset))
    }

    /// The chunk with this number; `nil` when it is not held any more, or not yet there.
    func chunk(at index: Int) -> StreamChunk? {
        let position = index - firstIndex
        return entries.indices.contains(position) ? entries[position].chunk : nil
    }

    /// What the chunks from this one on take.
    func byteCount(from index: Int) -> Int {
        let position = index - firstIndex
        if position <= 0 { return byteCount }
        guard position <= entries.count else { return 0 }
        return endOffset - entries[position - 1].endOffset
    }

    /// Lets go of the oldest chunks while more than `bytes` are held; of those from `index` on only the ones over
    /// `maximumBytes`.
    mutating func trim(to bytes: Int, keepingFrom index: Int, within maximumBytes: Int) {
        while let first = entries.first,
            byteCount > maximumBytes || (byteCount > bytes && firstIndex < index)
        {
            entries.removeFirst()
            startOffset = first.endOffset
            firstIndex += 1
        }
    }
}
