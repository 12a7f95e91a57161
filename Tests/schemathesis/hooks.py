"""What schemathesis cannot know: which ids exist, and where a backend may be called."""

import os
from datetime import timedelta, timezone, datetime

import schemathesis
from hypothesis import strategies

# Session types made along the way must lead to the example backend and nowhere else.
schemathesis.openapi.format("uri", strategies.just(os.environ["BACKEND_URL"]))

known = os.environ["KNOWN_IDS"].split(",")
schemathesis.openapi.format("uuid", strategies.sampled_from(known) | strategies.uuids().map(str))

# The one time in a request is the end of a share, which must lie ahead.
now = datetime.now(timezone.utc)
ahead = strategies.integers(min_value=1, max_value=1_000_000).map(lambda minutes: now + timedelta(hours=1, minutes=minutes))
schemathesis.openapi.format("date-time", ahead.map(lambda time: time.strftime("%Y-%m-%dT%H:%M:%SZ")))
