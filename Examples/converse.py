#!/usr/bin/env python3
"""A first WebSocket client: sends one message into a session and prints the answer as it comes.

usage: TOKEN=… converse.py SESSION_ID MESSAGE...      (needs python3-websockets)
"""
import asyncio
import json
import os
import sys
import uuid

import websockets

URL = os.environ.get("CHAT_ENGINE_WS", "ws://127.0.0.1:8080/ws")


def envelope(kind, payload):
    return json.dumps({"id": str(uuid.uuid4()), "type": kind, "payload": payload})


async def main(session_id, text):
    async with websockets.connect(URL, subprotocols=["chat-engine.v2"]) as socket:
        await socket.send(envelope("auth", {"token": os.environ["TOKEN"]}))
        async for message in socket:
            event = json.loads(message)
            kind, payload = event["type"], event["payload"]
            if kind == "connection.ready":
                print(f"connected to {payload['node_id']}", file=sys.stderr)
                await socket.send(envelope("message.send", {"session_id": session_id, "content": text}))
            elif kind == "message.streaming.start":
                print(f"message {payload['message_id']}", file=sys.stderr)
            elif kind == "message.streaming.chunk":
                print(payload["chunk"]["content"], end="", flush=True)
            elif kind == "message.streaming.complete":
                print(f"\n{payload['metadata']}", file=sys.stderr)
                return 0
            elif kind.endswith("error"):
                print(f"\n{payload['error_code']}: {payload['message']}", file=sys.stderr)
                return 1
    return 1


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(asyncio.run(main(sys.argv[1], " ".join(sys.argv[2:]))))
