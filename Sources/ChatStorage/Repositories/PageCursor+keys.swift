import ChatCore

extension PageCursor {
    /// What a cursor that does not belong to the list asked for is refused with.
    static var notOfThisList: ChatError {
        .invalid("cursor", "The cursor is not one of this list.", .invalidValue)
    }

    /// The moment and the id of the last element of a list that is sorted by both.
    func timeAndID<Entity>(
        in list: String,
        as entity: Entity.Type
    ) throws(ChatError) -> (Timestamp, EntityID<Entity>) {
        guard self.list == list, keys.count == 2, let microseconds = Int64(keys[0]),
            Self.storableMicroseconds.contains(microseconds), let id = EntityID<Entity>(keys[1])
        else { throw Self.notOfThisList }
        return (Timestamp(microsecondsSince1970: microseconds), id)
    }

    /// From 1970 to the end of the year 9999.
    static let storableMicroseconds: Range<Int64> = 0..<253_402_300_800_000_000

    /// The number of the last element of a list that is sorted by it.
    func number(in list: String) throws(ChatError) -> Int {
        guard self.list == list, keys.count == 1, let number = Int(keys[0]), (0...Int(Int32.max)).contains(number)
        else { throw Self.notOfThisList }
        return number
    }
}
