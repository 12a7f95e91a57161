internal import ChatCore
internal import FoundationEssentials

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The file system's calls, which block: for threads that may.
enum LocalFile {
    /// How much is read at once.
    static let pieceBytes = 262_144

    struct Failure: Error, CustomStringConvertible {
        let operation: String
        let code: Int32

        init(_ operation: String, code: Int32 = errno) {
            self.operation = operation
            self.code = code
        }

        var description: String { "\(operation): \(String(cString: strerror(code)))" }

        /// A disk that is full, or not there for now, is no fault of the program.
        var chatError: ChatError {
            switch code {
            case ENOSPC, EDQUOT, EIO, EROFS, ESTALE, EMFILE, ENFILE: .unavailable(underlying: self)
            default: .internalError(underlying: self)
            }
        }
    }

    static func makeDirectory(_ path: String) throws(Failure) {
        guard access(path, W_OK | X_OK) != 0 else { return }
        do {
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw Failure("make the directory of exports", code: EACCES)
        }
    }

    /// Makes a file that was not there, for its owner alone.
    static func createFile(_ path: String) throws(Failure) -> Int32 {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure("create") }
        return descriptor
    }

    static func openFile(_ path: String) throws(Failure) -> Int32 {
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure("open") }
        return descriptor
    }

    static func writeAll(_ bytes: [UInt8], to descriptor: Int32) throws(Failure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno != EINTR { throw Failure("write") }
            rest = rest.dropFirst(max(0, count))
        }
    }

    /// Empty at the end of the file.
    static func readPiece(_ descriptor: Int32, upTo count: Int) throws(Failure) -> [UInt8] {
        while true {
            var code: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
                let result = read(descriptor, buffer.baseAddress, buffer.count)
                if result < 0 { code = errno }
                filled = max(0, result)
            }
            if code == 0 { return bytes }
            if code != EINTR { throw Failure("read", code: code) }
        }
    }

    /// Returns when the content has reached the disk.
    static func synchronize(_ descriptor: Int32) throws(Failure) {
        if fsync(descriptor) != 0 { throw Failure("fsync") }
    }

    /// Does not wait for anything.
    static func closeFile(_ descriptor: Int32) { _ = close(descriptor) }

    static func moveFile(_ path: String, to newPath: String) throws(Failure) {
        if rename(path, newPath) != 0 { throw Failure("rename") }
    }

    static func deleteFile(_ path: String) { _ = unlink(path) }

    /// `nil` when there is no such file.
    static func size(of path: String) throws(Failure) -> Int? {
        var status = stat()
        if lstat(path, &status) == 0 { return status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil }
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw Failure("stat")
    }

    /// Deletes the regular files that were last changed before a time in seconds since 1970, as far as `isOurs` knows
    /// their names.
    static func deleteFiles(in directory: String, changedBefore time: Int64, isOurs: (String) -> Bool) {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else { return }
        for name in names where isOurs(name) {
            let path = "\(directory)/\(name)"
            var status = stat()
            guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_mtim.tv_sec < time else {
                continue
            }
            deleteFile(path)
        }
    }
}
