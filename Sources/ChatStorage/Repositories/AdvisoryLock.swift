/// Numbers of the advisory locks this module takes. Locks of one number, and of two numbers, do not touch each other.
enum AdvisoryLock {
    /// Held while a migration is applied.
    static let migration: Int64 = 0x43_4854_4D49_4752
    /// First number of the locks of the outbox; the second is the shard.
    static let outboxShard: Int32 = 0x4F_5554
}
