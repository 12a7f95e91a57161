internal import ChatCore
internal import FoundationEssentials
internal import NIOPosix
internal import Synchronization

/// Keeps exports in a directory that all REST nodes share, and lets any of them hand a file out for a signed link.
///
/// Files that no link leads to any more are deleted when new ones are made. Blocking calls run on NIO's threads.
final class LocalExportStore: ExportStore {
    /// Time between two looks for old files.
    private static let sweepSeconds: Int64 = 600

    private let directory: String
    private let signer: DownloadSigner
    private let publicBaseURL: String
    private let threads: NIOThreadPool
    private let lastSweep = Mutex<Timestamp?>(nil)

    init(
        directory: String,
        signer: DownloadSigner,
        publicBaseURL: String,
        threads: NIOThreadPool = .singleton
    ) {
        self.directory = directory
        self.signer = signer
        self.publicBaseURL = publicBaseURL
        self.threads = threads
    }

    func begin(_ name: ExportName) async throws -> any ExportUpload {
        let isSweepDue = lastSweep.withLock { last in
            let now = Timestamp.now
            if let last, last.advanced(bySeconds: Self.sweepSeconds) > now { return false }
            last = now
            return true
        }
        let path = path(of: name)
        let descriptor = try await onThread { [directory] in
            try LocalFile.makeDirectory(directory)
            if isSweepDue { Self.sweep(directory, at: .now) }
            return try LocalFile.createFile(LocalExportUpload.unfinishedPath(of: path))
        }
        return LocalExportUpload(path: path, descriptor: descriptor, threads: threads)
    }

    func link(to name: ExportName, validForSeconds seconds: Int) async throws -> ExportLink {
        let expires = Timestamp.now.secondsSince1970 + Int64(seconds)
        let signature = signer.signature(of: name, expires: expires)
        return ExportLink(
            url: "\(publicBaseURL)\(RouteTable.basePath)/exports/\(name)?expires=\(expires)&signature=\(signature)",
            expiresAt: Timestamp(microsecondsSince1970: 0).advanced(bySeconds: expires)
        )
    }

    /// Whether a link is ours and still in force.
    func allows(_ name: ExportName, expires: Int64, signature: String) -> Bool {
        signer.isValid(signature, of: name, expires: expires) && expires > Timestamp.now.secondsSince1970
    }

    /// - Returns: `nil` when there is no such file (any more).
    func size(of name: ExportName) async throws -> Int? {
        let path = path(of: name)
        return try await onThread { try LocalFile.size(of: path) }
    }

    /// Hands a file over piece by piece, `size` bytes of it.
    func read(_ name: ExportName, size: Int, _ take: ([UInt8]) async throws -> Void) async throws {
        let path = path(of: name)
        let descriptor = try await onThread { try LocalFile.openFile(path) }
        // Not on a thread of its own: a cancelled task would get none.
        defer { LocalFile.closeFile(descriptor) }
        var rest = size
        while rest > 0 {
            let count = min(rest, LocalFile.pieceBytes)
            let piece = try await onThread { try LocalFile.readPiece(descriptor, upTo: count) }
            guard !piece.isEmpty else { break }
            rest -= piece.count
            try await take(piece)
        }
    }

    /// Deletes the files that were finished, or left unfinished, longer ago than they have to be kept. Other files are
    /// let be. What cannot be deleted now is tried again with the next sweep.
    static func sweep(_ directory: String, at now: Timestamp) {
        let oldest = now.advanced(bySeconds: -Int64(ExportSession.keptSeconds)).secondsSince1970
        LocalFile.deleteFiles(in: directory, changedBefore: oldest) { name in
            ExportName(LocalExportUpload.finishedName(of: name)) != nil
        }
    }

    private func path(of name: ExportName) -> String { "\(directory)/\(name)" }

    private func onThread<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
        do {
            return try await threads.runIfActive(work)
        } catch let error as LocalFile.Failure {
            throw error.chatError
        }
    }
}

/// A file that gets its name when it is whole.
struct LocalExportUpload: ExportUpload {
    private static let unfinished = ".part"

    private let path: String
    private let threads: NIOThreadPool
    /// `nil` once it is closed.
    private var descriptor: Int32?

    init(path: String, descriptor: Int32, threads: NIOThreadPool) {
        self.path = path
        self.descriptor = descriptor
        self.threads = threads
    }

    static func unfinishedPath(of path: String) -> String { path + unfinished }

    /// The name a file has, or is to have.
    static func finishedName(of name: String) -> String {
        name.hasSuffix(unfinished) ? String(name.dropLast(unfinished.utf8.count)) : name
    }

    mutating func write(_ bytes: [UInt8]) async throws {
        guard let descriptor else { return }
        try await onThread { try LocalFile.writeAll(bytes, to: descriptor) }
    }

    mutating func finish() async throws {
        guard let descriptor else { return }
        try await onThread { try LocalFile.synchronize(descriptor) }
        close()
        let path = path
        try await onThread { try LocalFile.moveFile(Self.unfinishedPath(of: path), to: path) }
    }

    mutating func abort() async {
        close()
        let path = path
        try? await threads.runIfActive { LocalFile.deleteFile(Self.unfinishedPath(of: path)) }
    }

    private mutating func close() {
        if let descriptor { LocalFile.closeFile(descriptor) }
        descriptor = nil
    }

    private func onThread<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
        do {
            return try await threads.runIfActive(work)
        } catch let error as LocalFile.Failure {
            throw error.chatError
        }
    }
}

extension Timestamp {
    /// Whole seconds, rounded down.
    var secondsSince1970: Int64 {
        let (quotient, remainder) = microsecondsSince1970.quotientAndRemainder(dividingBy: 1_000_000)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
