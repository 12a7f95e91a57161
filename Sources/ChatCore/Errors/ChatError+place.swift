extension ChatError {
    /// The same error about a request that stands at `path` of a larger one: the fields it names stand there, too.
    public func moved(under path: String) -> ChatError {
        guard !validationErrors.isEmpty else { return self }
        var error = self
        error.validationErrors = validationErrors.map {
            ValidationError(
                field: $0.field.isEmpty ? path : "\(path).\($0.field)",
                message: $0.message,
                code: $0.code
            )
        }
        // A message that lists the fields lists them where they are.
        if message == ChatError.invalid(validationErrors).message {
            error.message = ChatError.invalid(error.validationErrors).message
        }
        return error
    }
}
