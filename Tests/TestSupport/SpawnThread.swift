import Foundation
import Synchronization

/// The one thread that starts children.
///
/// A parent death signal is sent when the *thread* that started the child ends, and threads of the cooperative pool
/// come and go; this one stays as long as the process.
final class SpawnThread: Sendable {
    static let shared = SpawnThread()

    private typealias Job = @Sendable () -> Void

    private let jobs = Mutex<[Job]>([])
    private let available = DispatchSemaphore(value: 0)

    private init() {
        Thread.detachNewThread { [self] in
            while true {
                available.wait()
                let job = jobs.withLock { $0.removeFirst() }
                job()
            }
        }
    }

    func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            jobs.withLock { $0.append { continuation.resume(with: Swift.Result(catching: body)) } }
            available.signal()
        }
    }
}
