public import Logging
internal import NIOPosix

extension RedisBus {
    /// A bus on the process's shared event loops.
    public convenience init(configuration: RedisConfiguration, logger: Logger) {
        self.init(
            configuration: configuration,
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
            logger: logger
        )
    }
}
