extension Expectation {
    /// Every expectation, in the order of the report.
    static let all: [Expectation] =
        created + messages + streams + times + cancellation + others + background + robustness
        + signatures

    // MARK: session.created

    static let created = [createdAnswer, createdIDs, createdSwitch, createdRepeated]

    static let createdAnswer = Expectation(
        id: "created.answer",
        title: "session.created is answered with a list of capabilities",
        advice: #"Answer 200, application/json, {"available_capabilities": [{"id": "…"}, …]}; the list may be empty."#
    )
    static let createdIDs = Expectation(
        id: "created.ids",
        title: "no two capabilities have the same id",
        advice: "Clients choose capabilities by id, so each needs its own."
    )
    static let createdSwitch = Expectation(
        id: "created.switch",
        title: "a session that switches to this backend is welcome",
        advice: "previous_session_type_id is set when a running session changes hands: answer as for a new one."
    )
    static let createdRepeated = Expectation(
        id: "created.repeated",
        title: "session.created may come again",
        advice: "When an answer is lost the engine asks again, with the same webhook-id: answer again, do not fail."
    )

    // MARK: message.new, message.recreate

    static let messages = [
        newAnswer, newContent, newCapabilities, newUnknownFields, newLongHistory, newSplit, newParallel, recreateAnswer,
    ]

    static let newAnswer = Expectation(
        id: "new.answer",
        title: "message.new is answered with a stream or with JSON",
        advice: "Answer 200 with text/event-stream that ends in 'event: complete', or application/json with content."
    )
    static let newContent = Expectation(
        id: "new.content",
        title: "every type of content is taken",
        advice: "content is a list of parts: text, code, image, audio, video, document. Skip what you cannot use."
    )
    static let newCapabilities = Expectation(
        id: "new.capabilities",
        title: "the backend's own capabilities are taken when they are enabled",
        advice: "enabled_capabilities holds the objects that were answered to session.created."
    )
    static let newUnknownFields = Expectation(
        id: "new.unknown_fields",
        title: "fields that are not known are passed over",
        advice: "Later versions of the engine may send more fields: do not refuse them."
    )
    static let newLongHistory = Expectation(
        id: "new.long_history",
        title: "a history of several megabytes is taken",
        advice: "Raise the limit of request bodies (common defaults are 100 KiB to 2 MiB), or set history_limit."
    )
    static let newSplit = Expectation(
        id: "new.split",
        title: "a request may arrive in pieces, split inside a character",
        advice: "Read the whole body before you decode it as UTF-8 and parse it."
    )
    static let newParallel = Expectation(
        id: "new.parallel",
        title: "several messages are answered at the same time",
        advice: "One slow answer must not hold up the others: use threads, processes or an asynchronous server."
    )
    static let recreateAnswer = Expectation(
        id: "recreate.answer",
        title: "message.recreate is answered as message.new is",
        advice: "It has no message: the last one of history is what to answer once more."
    )

    // MARK: Streaming answers

    static let streams = [streamEnd, streamFlushed, streamUsage, streamError]

    static let streamEnd = Expectation(
        id: "stream.end",
        title: "an answer ends right after 'complete'",
        advice: "End the response after the complete event; otherwise its connection is closed and not used again."
    )
    static let streamFlushed = Expectation(
        id: "stream.flushed",
        title: "chunks arrive when they are made, not all at the end",
        advice: "Flush after each event, and switch off buffering and compression in proxies (X-Accel-Buffering: no)."
    )
    static let streamUsage = Expectation(
        id: "stream.usage",
        title: "usage, when told, counts tokens",
        advice: #""usage": {"input_tokens": 9, "output_tokens": 12} in the metadata of complete."#
    )
    static let streamError = Expectation(
        id: "stream.error",
        title: "a failure is told (needs --failing-prompt)",
        advice:
            #"Before the head: a status of 400 or more. After it: event: error, data: {"message": …, "error_code": …}."#
    )

    // MARK: Time

    static let times = [timeHead, timeSilence]

    static let timeHead = Expectation(
        id: "time.head",
        title: "the head of an answer comes in time",
        advice: "Send the head at once, before the answer is known, or raise timeout_seconds of the session type."
    )
    static let timeSilence = Expectation(
        id: "time.silence",
        title: "no silence within an answer is too long",
        advice: "Send a comment line (': still there') every few seconds while you think."
    )

    // MARK: Cancellation

    static let cancellation = [cancelGoesOn, cancelFreesWorkers]

    static let cancelGoesOn = Expectation(
        id: "cancel.goes_on",
        title: "after an answer was cut off the next one is given",
        advice: "The engine closes the connection when a user stops an answer: take the failing write as that."
    )
    static let cancelFreesWorkers = Expectation(
        id: "cancel.frees_workers",
        title: "answers that were cut off do not keep the backend busy",
        advice: "Stop producing when the connection is closed, or workers run out as users stop answers."
    )

    // MARK: The other questions

    static let others = [summaryAnswer, healthAnswer, healthStatus]

    static let summaryAnswer = Expectation(
        id: "summary.answer",
        title: "session.summary is answered with a summary or a stream",
        advice: #"Answer {"summary": "…", "metadata": {}} or a stream like that of a message."#
    )
    static let healthAnswer = Expectation(
        id: "health.answer",
        title: "session_type.health_check is answered with status, version and capabilities",
        advice: #"Answer {"status": "healthy"|"degraded"|"unhealthy", "version": "…", "capabilities": […]}."#
    )
    static let healthStatus = Expectation(
        id: "health.status",
        title: "the backend says it is healthy",
        advice: "It says itself that something is wrong: look at what it depends on."
    )

    // MARK: Background events

    static let background = [abortedAnswer, deletedAnswer, reactionAnswer, backgroundRepeated, backgroundLate]

    static let abortedAnswer = Expectation(
        id: "aborted.answer",
        title: "message.aborted is accepted",
        advice: "Answer 2xx; whatever else you answer is ignored. Anything but 2xx is sent again, three times in all."
    )
    static let deletedAnswer = Expectation(
        id: "deleted.answer",
        title: "session.deleted is accepted",
        advice: "Answer 2xx, also for a session you do not know. Anything but 2xx is sent again, three times in all."
    )
    static let reactionAnswer = Expectation(
        id: "reaction.answer",
        title: "message.reaction is accepted",
        advice: "Answer 2xx to like, dislike and none; previous_reaction_type is none the first time."
    )
    static let backgroundRepeated = Expectation(
        id: "background.repeated",
        title: "background events may come twice",
        advice: "They are delivered at least once: a repetition has the same webhook-id, answer 2xx again."
    )
    static let backgroundLate = Expectation(
        id: "background.late",
        title: "background events may come late",
        advice: "A reaction may arrive after its session was deleted: answer 2xx and drop it."
    )

    // MARK: Robustness

    static let robustness = [unknownEvent, malformedBody]

    static let unknownEvent = Expectation(
        id: "robust.unknown_event",
        title: "an event that is not known does no harm",
        advice: "Answer 2xx or 4xx to events you do not know; later versions of the engine may send more."
    )
    static let malformedBody = Expectation(
        id: "robust.malformed",
        title: "a body that is no JSON is refused",
        advice: "Answer 400; only the engine should call you, but others will try."
    )

    // MARK: Signatures

    static let signatures = [
        signatureAccepted, signatureRotated, signatureMissing, signatureForged, signatureAltered, signatureOld,
    ]

    static let signatureAccepted = Expectation(
        id: "signature.accepted",
        title: "a call that is signed is answered",
        advice:
            "Sign 'webhook-id.webhook-timestamp.body', HMAC-SHA256, with the bytes behind whsec_ decoded from base64."
    )
    static let signatureRotated = Expectation(
        id: "signature.rotated",
        title: "one right signature among several is enough",
        advice: "While a secret is changed webhook-signature holds two, separated by a space: accept either."
    )
    static let signatureMissing = Expectation(
        id: "signature.missing",
        title: "a call without a signature is refused",
        advice: "Answer 401 when webhook-id, webhook-timestamp or webhook-signature is missing."
    )
    static let signatureForged = Expectation(
        id: "signature.forged",
        title: "a call signed with another secret is refused",
        advice: "Compare the signatures, in constant time; the standardwebhooks libraries do it all."
    )
    static let signatureAltered = Expectation(
        id: "signature.altered",
        title: "a body that was changed on its way is refused",
        advice: "Sign the bytes as they came, not what a parser made of them."
    )
    static let signatureOld = Expectation(
        id: "signature.old",
        title: "a call from long ago is refused",
        advice: "Refuse a webhook-timestamp more than five minutes off, or a recorded call can be played again."
    )
}
