import ChatCore
import Foundation
import TestSupport
import Testing

@testable import ChatStorage

@Suite struct KeptAnswerTests {
    private func makeRequest(of storage: StorageFixture, key: UInt8 = 1, digest: UInt8 = 1) -> RepeatableRequest {
        RepeatableRequest(
            clientID: storage.owner,
            key: [UInt8](repeating: key, count: 32),
            digest: [UInt8](repeating: digest, count: 32)
        )
    }

    @Test func aRequestIsClaimedOnce() async throws {
        try await withStorage { storage in
            let answers = KeptAnswerRepository(client: storage.client)
            let request = makeRequest(of: storage)
            let claims = try await withThrowingTaskGroup(of: AnswerClaim.self) { group in
                for _ in 0..<16 {
                    group.addTask { try await answers.claim(request, by: UUID(), leaseSeconds: 60) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(claims.filter(\.isClaimed).count == 1)
            #expect(claims.filter { $0 == .running }.count == 15)
        }
    }

    @Test func anAnswerIsKeptForItsRequest() async throws {
        try await withStorage { storage in
            let answers = KeptAnswerRepository(client: storage.client)
            let (request, holder) = (makeRequest(of: storage), UUID())
            let claim = try await answers.claim(request, by: holder, leaseSeconds: 60)
            #expect(claim.isClaimed)
            #expect(try await answers.keep([1, 2], to: request, by: UUID()) == false)
            #expect(try await answers.keep([1, 2], to: request, by: holder))
            #expect(try await answers.claim(request, by: UUID(), leaseSeconds: 60) == .answered([1, 2]))
            #expect(try await answers.keep([3], to: request, by: holder) == false)
            let other = makeRequest(of: storage, digest: 2)
            #expect(try await answers.claim(other, by: UUID(), leaseSeconds: 60) == .keyReused)
            let free = makeRequest(of: storage, key: 2)
            #expect(try await answers.claim(free, by: UUID(), leaseSeconds: 60).isClaimed)
        }
    }

    @Test func aLeaseThatRanOutIsAnybodysWhoAsksTheSame() async throws {
        try await withStorage { storage in
            let answers = KeptAnswerRepository(client: storage.client)
            let (request, dead, living) = (makeRequest(of: storage), UUID(), UUID())
            let claim = try await answers.claim(request, by: dead, leaseSeconds: 0)
            #expect(claim.isClaimed)
            let other = makeRequest(of: storage, digest: 2)
            #expect(try await answers.claim(other, by: living, leaseSeconds: 60) == .keyReused)
            #expect(try await answers.claim(request, by: living, leaseSeconds: 60).isClaimed)
            #expect(try await answers.renewClaim(on: request, by: dead, leaseSeconds: 60) == false)
            #expect(try await answers.keep([1], to: request, by: dead) == false)
            try await answers.releaseClaim(on: request, by: dead)
            #expect(try await answers.claim(request, by: UUID(), leaseSeconds: 60) == .running)
            #expect(try await answers.keep([2], to: request, by: living))
        }
    }

    @Test func aLeaseIsRenewedAndReleased() async throws {
        try await withStorage { storage in
            let answers = KeptAnswerRepository(client: storage.client)
            let (request, holder) = (makeRequest(of: storage), UUID())
            let claim = try await answers.claim(request, by: holder, leaseSeconds: 0)
            #expect(claim.isClaimed)
            #expect(try await answers.renewClaim(on: request, by: holder, leaseSeconds: 60))
            #expect(try await answers.claim(request, by: UUID(), leaseSeconds: 60) == .running)
            try await answers.releaseClaim(on: request, by: holder)
            let other = makeRequest(of: storage, digest: 2)
            #expect(try await answers.claim(other, by: UUID(), leaseSeconds: 60) == .keyReused)
            // It is the same request still, and came when it came first.
            #expect(try await answers.claim(request, by: UUID(), leaseSeconds: 60) == claim)
        }
    }

    @Test func whatHasOutlivedItsUseIsDeleted() async throws {
        try await withStorage { storage in
            let answers = KeptAnswerRepository(client: storage.client)
            let shares = ShareRepository(client: storage.client)
            let session = try await storage.makeSession()
            for key in 1...3 as ClosedRange<UInt8> {
                let (request, holder) = (makeRequest(of: storage, key: key), UUID())
                #expect(try await answers.claim(request, by: holder, leaseSeconds: 60).isClaimed)
                if key < 3 { #expect(try await answers.keep([key], to: request, by: holder)) }
                let share = NewShare(
                    clientID: storage.owner,
                    sessionID: session,
                    id: .make(),
                    token: .make(),
                    expiresAt: key < 3 ? Timestamp.now.advanced(bySeconds: 60) : nil
                )
                guard case .created = try await shares.createShare(share) else {
                    Issue.record("not shared")
                    return
                }
            }
            let expired = ExpiredRecords(client: storage.client)
            #expect(try await expired.delete(limit: 10) == 0)
            try await storage.database.query("UPDATE kept_answers SET created_at = now() - interval '25 h'")
            try await storage.database.query(
                "UPDATE shares SET expires_at = now() - interval '1 s' + (expires_at - expires_at)"
            )
            #expect(try await expired.delete(limit: 1) == 2)
            #expect(try await expired.delete(limit: 10) == 2)
            // What is being carried out, and what never expires.
            #expect(try await storage.database.query("SELECT count(*) FROM kept_answers") == "1")
            #expect(try await storage.database.query("SELECT count(*) FROM shares") == "1")
        }
    }
}

extension AnswerClaim {
    fileprivate var isClaimed: Bool {
        if case .claimed = self { true } else { false }
    }
}
