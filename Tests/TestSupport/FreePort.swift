import Foundation
import Synchronization

/// Hands out loopback ports for servers that a test starts.
///
/// Ports lie below the ephemeral range, so that no outgoing connection takes one between a server's stop and its start
/// on the same port. They come in blocks that belong to one test process for as long as it lives, so that none is given
/// out twice, whatever else is being tested on the machine.
public enum FreePort {
    private static let firstPort = 20_000
    private static let blockSize = 200
    private static let blockCount = 60

    private struct State {
        /// Ports of this process's blocks that were not given out.
        var ports: ArraySlice<Int> = []
        /// Each is held by a socket, which the kernel closes with the process.
        var blocks: Set<Int> = []
    }

    private static let state = Mutex(State())

    /// A port nobody listens on.
    ///
    /// - Throws: ``TestSupportError`` when every port of the range is in use.
    public static func next() throws -> Int {
        try state.withLock { state in
            while true {
                while let port = state.ports.popFirst() {
                    if isFree(port) { return port }
                }
                try takeBlock(&state)
            }
        }
    }

    private static func takeBlock(_ state: inout State) throws {
        for block in (0..<blockCount).shuffled() where !state.blocks.contains(block) {
            guard hold(block) else { continue }
            state.blocks.insert(block)
            let first = firstPort + block * blockSize
            state.ports = Array(first..<first + blockSize)[...]
            return
        }
        throw TestSupportError("no free port between \(firstPort) and \(firstPort + blockCount * blockSize)")
    }

    /// Binds a Unix socket in the abstract namespace, which is the machine's: only one process can. It stays open.
    private static func hold(_ block: Int) -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let name = Array("\0chat-engine-test-ports-\(block)".utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let length = MemoryLayout<sa_family_t>.size + name.count
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(length)) == 0
            }
        }
        if !isBound { close(descriptor) }
        return isBound
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
