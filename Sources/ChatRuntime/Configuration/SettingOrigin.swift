internal import Configuration
internal import Synchronization

/// Where a value came from; earlier ones win over later ones.
enum SettingOrigin: Int, Sendable {
    case flag, environment, file, defaults

    var description: String {
        switch self {
        case .flag: "flag"
        case .environment: "environment"
        case .file: "file"
        case .defaults: "default"
        }
    }
}

/// Notes which of the providers answered last.
final class OriginReporter: AccessReporter {
    private let origins: [SettingOrigin]
    private let last = Mutex<SettingOrigin?>(nil)

    /// `origins` in the order of the reader's providers.
    init(_ origins: [SettingOrigin]) {
        self.origins = origins
    }

    func report(_ event: AccessEvent) {
        let answered = zip(origins, event.providerResults).first { _, answer in
            guard case .success(let lookup) = answer.result else { return true }
            return lookup.value != nil
        }
        last.withLock { $0 = answered?.0 }
    }

    /// The origin of the last value, or of the failure to read it; `nil` when no provider had one.
    var lastOrigin: SettingOrigin? { last.withLock { $0 } }
}
