import CLibPQ
import Synchronization

/// What callers ask of the I/O thread.
enum PoolCommand: Sendable {
    case submit(PostgresOperation)
    /// The operation's caller went away.
    case cancel(UInt64)
    /// A step of the transaction whose connection the caller holds.
    case step(PostgresOperation, ConnectionID)
    /// Gives a connection back on which no transaction was begun.
    case release(ConnectionID)
    case opened(OpenedConnection)
    /// Serve what waits, refuse what comes, then close.
    case shutDown
    /// Close everything now.
    case abort
}

/// Commands on their way to the I/O thread.
final class PoolInbox: Sendable {
    private struct State {
        var commands: [PoolCommand] = []
        var submissions = 0
        var isClosed = false
    }

    private let state = Mutex(State())
    private let maximumSubmissions: Int
    let wakePipe: WakePipe

    init(maximumSubmissions: Int) throws(PostgresError) {
        self.maximumSubmissions = max(1, maximumSubmissions)
        wakePipe = try WakePipe()
    }

    /// - Returns: Why the command is refused, or `nil`.
    func push(_ command: PoolCommand) -> PostgresError.Code? {
        let (refusal, isFirst) = state.withLock { state -> (PostgresError.Code?, Bool) in
            if state.isClosed { return (.shuttingDown, false) }
            if case .submit = command {
                guard state.submissions < maximumSubmissions else { return (.poolFull, false) }
                state.submissions += 1
            }
            state.commands.append(command)
            return (nil, state.commands.count == 1)
        }
        if isFirst { wakePipe.wake() }
        return refusal
    }

    /// Takes all commands; `emptied` gives its storage for the next ones.
    func take(into commands: inout [PoolCommand]) {
        commands.removeAll(keepingCapacity: true)
        state.withLock { state in
            swap(&state.commands, &commands)
            state.submissions = 0
        }
    }

    /// Refuses every later command; the ones not taken yet are returned.
    func close() -> [PoolCommand] {
        state.withLock { state in
            state.isClosed = true
            defer { state.commands = [] }
            return state.commands
        }
    }
}
