#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Starts a thread of its own for work that blocks, so that it takes none of those that Swift's tasks run on.
package enum DetachedThread {
    /// - Returns: The error number when the system refuses another thread, otherwise 0.
    package static func start(_ body: @escaping @Sendable () -> Void) -> Int32 {
        let context = Unmanaged.passRetained(Body(run: body)).toOpaque()
        let result = create(context)
        if result != 0 { Unmanaged<Body>.fromOpaque(context).release() }
        return result
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }

    private static func create(_ context: UnsafeMutableRawPointer) -> Int32 {
        #if canImport(Glibc)
        var thread = pthread_t()
        let result = pthread_create(&thread, nil, { DetachedThread.run($0) }, context)
        if result == 0 { pthread_detach(thread) }
        #else
        var thread: pthread_t?
        let result = pthread_create(&thread, nil, { DetachedThread.run($0) }, context)
        if result == 0, let thread { pthread_detach(thread) }
        #endif
        return result
    }

    private static func run(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let context else { return nil }
        Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
        return nil
    }
}
