#!/usr/bin/env python3
"""Sends one operation of the first protocol over the WebSocket and prints the payload of its answer.

usage: TOKEN=… legacy.py TYPE PAYLOAD      (needs python3-websockets)

The exit status is 1 when the operation was refused. docs/migration.md tells what takes the place of each operation.
"""
import asyncio
import json
import os
import sys
import uuid

import websockets

URL = os.environ.get("CHAT_ENGINE_WS", "ws://127.0.0.1:8080/ws")


async def main(kind, payload):
    request = {"id": str(uuid.uuid4()), "type": kind, "payload": payload}
    # As browsers send a token: not every version of the library takes headers by the same name.
    subprotocols = ["chat-engine.v2", f"bearer.{os.environ['TOKEN']}"]
    # An answer may be longer than the megabyte that the library takes by default.
    async with websockets.connect(URL, subprotocols=subprotocols, max_size=None) as socket:
        await socket.send(json.dumps(request))
        async for message in socket:
            event = json.loads(message)
            if event["payload"].get("request_id") == request["id"]:
                print(json.dumps(event["payload"], ensure_ascii=False))
                return 1 if event["type"] == "response.error" else 0
    return 1


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(asyncio.run(main(sys.argv[1], json.loads(sys.argv[2]))))
