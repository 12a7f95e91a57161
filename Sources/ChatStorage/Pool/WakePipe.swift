#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Wakes a thread that waits in `poll`; closed with the last reference.
final class WakePipe: Sendable {
    let readDescriptor: Int32
    private let writeDescriptor: Int32

    /// - Throws: ``PostgresError/Code/notConnected`` when the process has no descriptors left.
    init() throws(PostgresError) {
        var descriptors: [Int32] = [-1, -1]
        guard pipe(&descriptors) == 0 else {
            throw PostgresError(.notConnected, "No pipe could be made: error \(errno).")
        }
        (readDescriptor, writeDescriptor) = (descriptors[0], descriptors[1])
        for descriptor in descriptors {
            _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
    }

    deinit {
        close(readDescriptor)
        close(writeDescriptor)
    }

    /// A pipe that is full wakes as well, so the result does not matter.
    func wake() {
        var byte: UInt8 = 1
        _ = write(writeDescriptor, &byte, 1)
    }

    func drain() {
        var buffer: (UInt64, UInt64) = (0, 0)
        while read(readDescriptor, &buffer, 16) == 16 {}
    }
}
