internal import AsyncHTTPClient
public import Logging

extension WebhookBackend {
    /// A backend on the process's shared event loops.
    public convenience init(configuration: WebhookConfiguration = WebhookConfiguration(), logger: Logger) {
        self.init(
            configuration: configuration,
            eventLoopGroup: HTTPClient.defaultEventLoopGroup,
            logger: logger
        )
    }
}
