"""A webhook backend for the chat engine, in one file.

    pip install -r requirements.txt
    WEBHOOK_SECRET=whsec_... python backend.py --port 8302

`answer` is the one function to replace: it is given the conversation and yields the answer piece by piece. All else
is the contract, which docs/backends.md explains.
"""

import argparse
import asyncio
import json
import logging
import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

CAPABILITIES = [{"id": "loud", "name": "Answer in capitals"}]
# Histories are long, and aiohttp's own limit is 1 MiB.
MAX_BODY_BYTES = 64 * 1024 * 1024


class AnswerFailed(Exception):
    """Ends the answer as failed. The words are for logs: users never see them."""

    def __init__(self, message: str, error_code: str):
        super().__init__(message)
        self.error_code = error_code


@dataclass
class Turn:
    """What is to be answered."""

    text: str
    history: list[dict]
    """The messages before, oldest first: {"role": "user" | "assistant" | "system", "content": [parts], ...}."""
    capabilities: set[str]
    """The ids of those of CAPABILITIES that the user has switched on."""


async def answer(turn: Turn) -> AsyncIterator[str]:
    """Answers with what was said, word by word. Put your own intelligence here.

    When the user stops the answer, `await` raises asyncio.CancelledError: let it pass.
    """
    if turn.text.strip() == "/fail":
        raise AnswerFailed("Asked for by /fail.", "PYTHON_BACKEND")
    yield f"After {len(turn.history)} messages you say:"
    for word in re.findall(r"\s*\S+", " " + turn.text):
        await asyncio.sleep(0.02)
        yield word.upper() if "loud" in turn.capabilities else word


def text_of(message: dict) -> str:
    """The text of a message; parts with pictures, sounds and documents have a URL instead, in `image_url` and so on."""
    parts = (part.get("text") or part.get("code") or "" for part in message.get("content", []))
    return "\n".join(part for part in parts if part)


async def stream(request: web.Request, turn: Turn) -> web.StreamResponse:
    """Answers with server-sent events: chunks, then `complete` or `error`."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)

    async def send(event: str, data: dict) -> None:
        await response.write(f"event: {event}\ndata: {json.dumps(data)}\n\n".encode())

    pieces = 0
    try:
        async for piece in answer(turn):
            await send("chunk", {"type": "text", "content": piece})
            pieces += 1
    except AnswerFailed as failure:
        await send("error", {"message": str(failure), "error_code": failure.error_code})
    except ConnectionError:
        raise
    except Exception:
        logging.exception("the answer failed")
        await send("error", {"message": "The answer failed.", "error_code": "INTERNAL"})
    else:
        # Only if you count: {"input_tokens": ..., "output_tokens": ...}.
        usage = {"input_tokens": len(turn.text.split()), "output_tokens": pieces}
        await send("complete", {"metadata": {"usage": usage}})
    return response


def verified(secret: str | None, request: web.Request, body: bytes) -> bool:
    """Whether the call comes from the engine: it knows the secret, and the call is not old."""
    if not secret:
        return True
    try:
        Webhook(secret).verify(body, dict(request.headers), json_parse=False)
        return True
    except (WebhookVerificationError, ValueError):
        return False


async def webhook(request: web.Request) -> web.StreamResponse:
    body = await request.read()
    if not verified(request.app[SECRET], request, body):
        return web.json_response({"message": "The signature is wrong."}, status=401)
    try:
        call = json.loads(body)
        event = call["event"]
    except (ValueError, KeyError, TypeError):
        return web.json_response({"message": "This is no event."}, status=400)

    history = call.get("history", [])
    capabilities = {capability["id"] for capability in call.get("enabled_capabilities", [])}
    match event:
        case "session.created":
            return web.json_response({"available_capabilities": CAPABILITIES})
        case "message.new":
            return await stream(request, Turn(text_of(call["message"]), history, capabilities))
        case "message.recreate":
            # Another answer to the last message of the history.
            return await stream(request, Turn(text_of(history[-1]) if history else "", history[:-1], capabilities))
        case "session.summary":
            return web.json_response({"summary": f"{len(history)} messages.", "metadata": {}})
        case "session_type.health_check":
            return web.json_response({"status": "healthy", "version": "1.0", "capabilities": CAPABILITIES})
        case _:
            # message.aborted, session.deleted, message.reaction, and whatever comes with later versions. They may come
            # twice: webhook-id tells.
            logging.info("%s of session %s", event, call.get("session_id"))
            return web.json_response({})


SECRET = web.AppKey("secret", str)


def application(secret: str | None) -> web.Application:
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    app[SECRET] = secret or ""
    app.router.add_post("/", webhook)
    return app


def main() -> None:
    parser = argparse.ArgumentParser(description="A webhook backend for the chat engine.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8302)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    # With handler_cancellation, answers that were cut off stop being made.
    web.run_app(
        application(os.environ.get("WEBHOOK_SECRET")),
        host=arguments.host,
        port=arguments.port,
        handler_cancellation=True,
    )


if __name__ == "__main__":
    main()
