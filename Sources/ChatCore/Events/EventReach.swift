/// How much a client that comes back may have missed to be told all of it; beyond that it is told to read the state anew
/// (`contract/semantics.md`, 'Push events').
public enum EventReach {
    public static let seconds: Int64 = 24 * 3600
    public static let maximumEvents: Int64 = 1000
}
