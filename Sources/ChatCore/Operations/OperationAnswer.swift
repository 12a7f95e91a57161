/// What an operation answers with.
public struct OperationAnswer: Sendable {
    /// JSON in UTF-8.
    public let body: [UInt8]
    /// Where to find what was made, under ``RESTPath/base``; `nil` when nothing was.
    public let location: String?

    /// - Parameter capacity: about how long the body will be, in bytes.
    init(reserving capacity: Int = 256, location: String? = nil, _ write: (inout JSONWriter) -> Void) {
        var writer = JSONWriter(reservingCapacity: capacity)
        write(&writer)
        body = writer.bytes
        self.location = location
    }
}
