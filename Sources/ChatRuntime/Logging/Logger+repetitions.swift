public import ChatCore
public import Logging

extension Logger {
    /// Records that the first answer to a repeatable request could not be kept.
    public func record(_ loss: CarryOutOnce.Loss, traceID: String) {
        switch loss {
        case .tooLate:
            warning("An answer came too late to be kept", metadata: .keys([.traceID: "\(traceID)"]))
        case .failed(let error):
            warning("An answer could not be kept", metadata: .keys([.traceID: "\(traceID)", .error: "\(error)"]))
        }
    }
}
