/// What signals ask of the process: the first to drain, any after it to end at once (`contract/runtime.md`,
/// 'Life cycle').
struct ShutdownSignals {
    enum Action: Equatable {
        case drain
        /// End without delay with this exit code: 128 and the number of the signal, as shells have it.
        case exit(code: Int32)
    }

    private var isDraining = false

    mutating func received(_ signal: Int32) -> Action {
        guard isDraining else {
            isDraining = true
            return .drain
        }
        return .exit(code: 128 + signal)
    }
}
