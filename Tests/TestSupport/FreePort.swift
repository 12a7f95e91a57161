import Foundation
import Synchronization

/// Hands out loopback ports for servers that a test starts.
///
/// Ports lie below the ephemeral range, so that no outgoing connection takes one between a server's stop and its start
/// on the same port, and none is given out twice in one process.
public enum FreePort {
    private static let range: Range<UInt16> = 20_000..<32_000
    private static let taken = Mutex<Set<UInt16>>([])

    /// A port nobody listens on.
    ///
    /// - Throws: ``TestSupportError`` when every port of the range is in use.
    public static func next() throws -> Int {
        for _ in 0..<range.count {
            let port = UInt16.random(in: range)
            guard taken.withLock({ $0.insert(port).inserted }) else { continue }
            if isFree(port) { return Int(port) }
        }
        throw TestSupportError("no free port between \(range.lowerBound) and \(range.upperBound)")
    }

    private static func isFree(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
