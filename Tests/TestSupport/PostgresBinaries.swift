import Foundation

/// Where PostgreSQL's programs are, and who may run them.
enum PostgresBinaries {
    /// PostgreSQL refuses to serve as root; this process's own user when nil.
    static var serverUser: String? { geteuid() == 0 ? "postgres" : nil }

    /// A directory of `PATH` with `initdb` in it, or the newest of Debian's.
    static func directory() throws -> String {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let debian = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: debian)) ?? []
        let installed = versions.compactMap(Int.init).sorted(by: >).map { "\(debian)/\($0)/bin" }
        for directory in path.split(separator: ":").map(String.init) + installed
        where FileManager.default.isExecutableFile(atPath: "\(directory)/initdb") {
            // A link may stand for this one program; the others are beside what it points to.
            return URL(fileURLWithPath: "\(directory)/initdb").resolvingSymlinksInPath().deletingLastPathComponent()
                .path
        }
        throw TestSupportError("PostgreSQL's programs are neither in PATH nor in \(debian)")
    }

    static func giveToServerUser(_ path: String) throws {
        guard let serverUser else { return }
        guard let entry = getpwnam(serverUser)?.pointee, chown(path, entry.pw_uid, entry.pw_gid) == 0 else {
            throw TestSupportError("cannot give \(path) to the user \(serverUser)")
        }
    }
}
