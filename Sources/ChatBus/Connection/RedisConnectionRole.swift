/// What a connection is for: a connection with subscriptions takes no other commands.
enum RedisConnectionRole: String, Sendable {
    case commands, subscriptions
}
