"""What schemathesis cannot know: which ids exist, what a cursor is, and where a backend may be called."""

import json
import os
import re
from datetime import datetime, timedelta, timezone

import schemathesis
from hypothesis import strategies

BACKEND = os.environ["BACKEND_URL"]
KNOWN_IDS = os.environ["KNOWN_IDS"].split(",")

# Session types made along the way must lead to the example backend and nowhere else.
schemathesis.openapi.format("uri", strategies.just(BACKEND))
schemathesis.openapi.format("uuid", strategies.sampled_from(KNOWN_IDS) | strategies.uuids().map(str))

# The one time in a request is the end of a share, which must lie ahead.
SOON = datetime.now(timezone.utc) + timedelta(days=1)
minutes_ahead = strategies.integers(min_value=0, max_value=1_000_000)
schemathesis.openapi.format(
    "date-time",
    minutes_ahead.map(lambda minutes: (SOON + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")),
)


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """The examples speak of the example backend and of a session type; here they are these."""
    text = json.dumps(raw_schema)
    example = raw_schema["paths"]["/sessions"]["post"]["requestBody"]["content"]["application/json"]["example"]
    text = text.replace("http://127.0.0.1:8301/", BACKEND).replace(example["session_type_id"], KNOWN_IDS[0])
    raw_schema.clear()
    raw_schema.update(json.loads(text))


@schemathesis.hook
def before_call(context, case, kwargs):
    """What is valid by the schema and yet refused, or would lead away from here."""
    body = case.body if isinstance(case.body, dict) else {}
    address = body.get("webhook_url")
    # Addresses are also taken over from answers.
    if isinstance(address, str) and len(address) <= 8192 and re.match("https?://[^/?#]", address, re.IGNORECASE):
        body["webhook_url"] = BACKEND
    if case.meta and case.meta.generation.mode.is_positive:
        # No schema tells a cursor that a list has given from another text.
        if case.query:
            case.query.pop("cursor", None)
            # Waiting for events is tried elsewhere; here nothing happens that would end it.
            if "wait_seconds" in case.query:
                case.query["wait_seconds"] = 0
        # The body may name the session type of the path and no other.
        if case.method.upper() == "PUT":
            body.pop("session_type_id", None)
        # What a session's backend can do is not in the schema either; the example backend can do this.
        if body.get("enabled_capabilities"):
            body["enabled_capabilities"] = ["echo"]
