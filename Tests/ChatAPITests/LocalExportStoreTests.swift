import ChatCore
import ChatRuntime
import Foundation
import Testing

@testable import ChatAPI

@Suite struct LocalExportStoreTests {
    private let name = ExportName(of: .make(), format: .json)

    private func store(in directory: TemporaryDirectory, secret: String = "a") -> LocalExportStore {
        LocalExportStore(
            directory: directory.file("exports"),
            signer: DownloadSigner(secret: Secret(secret)),
            publicBaseURL: "https://chat.example"
        )
    }

    @Test func aFileIsThereWhenItIsWhole() async throws {
        try await TemporaryDirectory.with { directory in
            let store = store(in: directory)
            var upload = try await store.begin(name)
            try await upload.write(Array("one ".utf8))
            try await upload.write([])
            #expect(try await store.size(of: name) == nil)
            let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 700_000)
            try await upload.write(piece)
            try await upload.finish()
            #expect(try await store.size(of: name) == 700_004)
            var read: [UInt8] = []
            try await store.read(name, size: 700_004) { read += $0 }
            #expect(read == Array("one ".utf8) + piece)
            let attributes = try FileManager.default.attributesOfItem(atPath: directory.file("exports/\(name)"))
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test func anAbortedFileLeavesNothing() async throws {
        try await TemporaryDirectory.with { directory in
            var upload = try await store(in: directory).begin(name)
            try await upload.write([1, 2, 3])
            await upload.abort()
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.file("exports")).isEmpty)
        }
    }

    @Test func aDirectoryThatCannotBeMadeIsOurFault() async throws {
        try await TemporaryDirectory.with { directory in
            _ = FileManager.default.createFile(atPath: directory.file("exports"), contents: nil)
            let error = await #expect(throws: ChatError.self) {
                _ = try await store(in: directory).begin(name)
            }
            #expect(error?.code == .internalError)
            #expect(error?.message.contains(directory.path) == false)
        }
    }

    @Test func everyNodeWithTheSameSecretTakesTheLink() async throws {
        try await TemporaryDirectory.with { directory in
            let before = Timestamp.now
            let link = try await store(in: directory).link(to: name, validForSeconds: 60)
            let parts = link.url.split(whereSeparator: { $0 == "?" || $0 == "&" || $0 == "=" }).map(String.init)
            #expect(parts[0] == "https://chat.example/api/v1/exports/\(name)")
            #expect(parts[1] == "expires" && parts[3] == "signature" && parts.count == 5)
            let expires = try #require(Int64(parts[2]))
            #expect(link.expiresAt == Timestamp(microsecondsSince1970: expires * 1_000_000))
            #expect(link.expiresAt > before.advanced(bySeconds: 58))
            #expect(link.expiresAt <= Timestamp.now.advanced(bySeconds: 60))

            #expect(store(in: directory).allows(name, expires: expires, signature: parts[4]))
            #expect(!store(in: directory, secret: "b").allows(name, expires: expires, signature: parts[4]))
            #expect(!store(in: directory).allows(name, expires: expires + 1, signature: parts[4]))
            let other = ExportName(of: name.sessionID, format: .json)
            #expect(!store(in: directory).allows(other, expires: expires, signature: parts[4]))
            for forged in ["", "0", String(parts[4].dropLast()), parts[4] + "00", parts[4].uppercased() + "é"] {
                #expect(!store(in: directory).allows(name, expires: expires, signature: forged))
            }
        }
    }

    @Test func aLinkEnds() async throws {
        try await TemporaryDirectory.with { directory in
            let store = store(in: directory)
            let expires = Timestamp.now.secondsSince1970 - 1
            let signature = DownloadSigner(secret: Secret("a")).signature(of: name, expires: expires)
            #expect(!store.allows(name, expires: expires, signature: signature))
        }
    }

    @Test func oldFilesAreDeletedAndForeignOnesAreNot() async throws {
        try await TemporaryDirectory.with { directory in
            let unfinished = "\(ExportName(of: .make(), format: .txt)).part"
            for file in [name.description, unfinished, "notes.txt"] {
                #expect(FileManager.default.createFile(atPath: directory.file(file), contents: Data([1])))
            }
            LocalExportStore.sweep(directory.path, at: Timestamp.now.advanced(bySeconds: 86_400))
            #expect(directory.names.count == 3)
            LocalExportStore.sweep(directory.path, at: Timestamp.now.advanced(bySeconds: 2 * 86_400))
            #expect(directory.names == ["notes.txt"])
        }
    }

    @Test func beginningAnExportSweeps() async throws {
        try await TemporaryDirectory.with { directory in
            let exports = TemporaryDirectory(path: directory.file("exports"))
            try FileManager.default.createDirectory(atPath: exports.path, withIntermediateDirectories: true)
            let old = exports.file("\(ExportName(of: .make(), format: .markdown))")
            _ = FileManager.default.createFile(atPath: old, contents: nil)
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -2 * 86_400)],
                ofItemAtPath: old
            )
            var upload = try await store(in: directory).begin(name)
            #expect(exports.names == ["\(name).part"])
            await upload.abort()
        }
    }

    /// Somebody who can write to the directory must not make us hand out other files.
    @Test func aSymbolicLinkIsNotFollowed() async throws {
        try await TemporaryDirectory.with { directory in
            let store = store(in: directory)
            try FileManager.default.createDirectory(
                atPath: directory.file("exports"),
                withIntermediateDirectories: true
            )
            _ = FileManager.default.createFile(atPath: directory.file("secret"), contents: Data([1]))
            try FileManager.default.createSymbolicLink(
                atPath: directory.file("exports/\(name)"),
                withDestinationPath: directory.file("secret")
            )
            #expect(try await store.size(of: name) == nil)
            await #expect(throws: ChatError.self) { try await store.read(name, size: 1) { _ in } }
        }
    }
}
