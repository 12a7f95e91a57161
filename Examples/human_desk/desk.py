"""A backend whose answers a person types: a help desk for the chat engine.

    pip install -r requirements.txt
    WEBHOOK_SECRET=whsec_... python desk.py --port 8303 --desk-port 8304

The engine calls --port. Operators open --desk-port in a browser, see who waits, and type: each line goes to the user
as it is entered, an empty one ends the answer. The desk has no login of its own: keep --desk-port to yourselves, or put
one in front.
"""

import argparse
import asyncio
import json
import logging
import os
from collections import deque
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

PAGE = Path(__file__).with_name("desk.html")
MAX_BODY_BYTES = 64 * 1024 * 1024
MAX_LINE_CHARACTERS = 16 * 1024
MAX_WAITING = 500
# A person may think for longer than timeout_seconds; comments keep the line open.
KEEP_ALIVE_SECONDS = 10


class Cancelled:
    """What an operator does instead of typing a line."""


@dataclass
class Conversation:
    """One message that waits for its answer."""

    id: str
    session_id: str
    question: str
    history: list[dict]
    lines: list[str] = field(default_factory=list)
    typed: asyncio.Queue = field(default_factory=lambda: asyncio.Queue(maxsize=1000))

    def json(self) -> dict:
        return {
            "id": self.id,
            "session_id": self.session_id,
            "question": self.question,
            "history": self.history,
            "lines": self.lines,
        }


class Desk:
    """Who waits, and how the last conversations ended; operators are told of each change."""

    def __init__(self) -> None:
        self.waiting: dict[str, Conversation] = {}
        self.ended: deque[dict] = deque(maxlen=50)
        self.operators = 0
        self._changed = asyncio.Event()

    def json(self) -> dict:
        return {
            "waiting": [conversation.json() for conversation in self.waiting.values()],
            "ended": list(self.ended),
        }

    def open(self, conversation: Conversation) -> None:
        self.waiting[conversation.id] = conversation
        self.tell()

    def close(self, conversation: Conversation, how: str) -> None:
        self.waiting.pop(conversation.id, None)
        self.ended.appendleft({"id": conversation.id, "question": conversation.question, "how": how})
        self.tell()

    def tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def change(self, seconds: float) -> None:
        """Returns when something has changed, or after so many seconds."""
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except asyncio.TimeoutError:
            pass


DESK = web.AppKey("desk", Desk)
SECRET = web.AppKey("secret", str)
HOSTS = web.AppKey("hosts", set)


# What the engine calls.


async def webhook(request: web.Request) -> web.StreamResponse:
    body = await request.read()
    desk = request.app[DESK]
    if request.app[SECRET]:
        try:
            Webhook(request.app[SECRET]).verify(body, dict(request.headers), json_parse=False)
        except (WebhookVerificationError, ValueError):
            return web.json_response({"message": "The signature is wrong."}, status=401)
    try:
        call = json.loads(body)
        event = call["event"]
    except (ValueError, KeyError, TypeError):
        return web.json_response({"message": "This is no event."}, status=400)

    match event:
        case "session.created":
            return web.json_response({"available_capabilities": []})
        case "message.new" | "message.recreate":
            if len(desk.waiting) >= MAX_WAITING:
                return web.json_response({"message": "Too many wait already."}, status=503)
            return await converse(request, conversation_of(call))
        case "session.summary":
            return web.json_response({"summary": summary_of(call.get("history", [])), "metadata": {}})
        case "session_type.health_check":
            status = "healthy" if desk.operators else "degraded"
            return web.json_response({"status": status, "version": "1.0", "capabilities": []})
        case _:
            logging.info("%s of session %s", event, call.get("session_id"))
            return web.json_response({})


def conversation_of(call: dict) -> Conversation:
    history = [{"role": message.get("role"), "text": text_of(message)} for message in call.get("history", [])]
    if "message" in call:
        question = text_of(call["message"])
    else:
        # message.recreate: another answer to the last message.
        question = history.pop()["text"] if history else ""
    return Conversation(call["response_message_id"], call["session_id"], question, history)


def text_of(message: dict) -> str:
    """Text and code as they are, everything else by its address."""
    parts = []
    for part in message.get("content", []):
        kind = part.get("type")
        parts.append(part.get("text") or part.get("code") or part.get(f"{kind}_url") or "")
    return "\n".join(parts + message.get("file_urls", []))


def summary_of(history: list[dict]) -> str:
    first = next((text_of(message) for message in history if message.get("role") == "user"), "")
    return f"{len(history)} messages, beginning with: {first[:200]}"


async def converse(request: web.Request, conversation: Conversation) -> web.StreamResponse:
    """Sends on what is typed, until the operator or the user has had enough."""
    desk = request.app[DESK]
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    how = "stopped by the user"
    desk.open(conversation)
    try:
        await response.prepare(request)

        async def send(event: str, data: dict) -> None:
            await response.write(f"event: {event}\ndata: {json.dumps(data)}\n\n".encode())

        async with aclosing(typed(conversation)) as lines:
            async for line in lines:
                if line is None:
                    await response.write(b": an operator is at it\n\n")
                elif isinstance(line, Cancelled):
                    await send("error", {"message": "The operator gave up.", "error_code": "OPERATOR_CANCELLED"})
                    how = "given up"
                    break
                elif line:
                    text = f"\n{line}" if conversation.lines else line
                    conversation.lines.append(line)
                    await send("chunk", {"type": "text", "content": text})
                    desk.tell()
                else:
                    await send("complete", {"metadata": {"lines": len(conversation.lines)}})
                    how = "answered"
                    break
    finally:
        # Cancelled when the engine closes the connection, which it does when the user stops the answer.
        desk.close(conversation, how)
    return response


async def typed(conversation: Conversation) -> AsyncIterator[str | Cancelled | None]:
    """What the operator types, and None whenever there was nothing for a while."""
    entry = asyncio.ensure_future(conversation.typed.get())
    try:
        while True:
            done, _ = await asyncio.wait({entry}, timeout=KEEP_ALIVE_SECONDS)
            if done:
                yield entry.result()
                entry = asyncio.ensure_future(conversation.typed.get())
            else:
                yield None
    finally:
        entry.cancel()


# What operators use.


async def page(request: web.Request) -> web.StreamResponse:
    return web.FileResponse(PAGE, headers={"Content-Security-Policy": "default-src 'self' 'unsafe-inline'"})


async def conversations(request: web.Request) -> web.StreamResponse:
    return web.json_response(request.app[DESK].json())


async def changes(request: web.Request) -> web.StreamResponse:
    """The whole desk, once and after each change, for as long as the page is open."""
    desk = request.app[DESK]
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)
    desk.operators += 1
    try:
        while True:
            await response.write(f"data: {json.dumps(desk.json())}\n\n".encode())
            await desk.change(KEEP_ALIVE_SECONDS)
    finally:
        desk.operators -= 1


async def type_line(request: web.Request) -> web.StreamResponse:
    """{"text": "…"}: a line of the answer; an empty one ends it."""
    try:
        text = (await request.json())["text"]
    except (ValueError, KeyError, TypeError):
        text = None
    if not isinstance(text, str) or len(text) > MAX_LINE_CHARACTERS:
        return web.json_response({"message": "A line is {\"text\": …}, and not too long."}, status=400)
    return enter(request, text)


async def cancel(request: web.Request) -> web.StreamResponse:
    return enter(request, Cancelled())


def enter(request: web.Request, entry: str | Cancelled) -> web.Response:
    conversation = request.app[DESK].waiting.get(request.match_info["id"])
    if conversation is None:
        return web.json_response({"message": "Nobody waits there any more."}, status=404)
    try:
        conversation.typed.put_nowait(entry)
    except asyncio.QueueFull:
        return web.json_response({"message": "The user is not that fast."}, status=429)
    return web.json_response({})


@web.middleware
async def own_page_only(request: web.Request, handler) -> web.StreamResponse:
    """Keeps other web pages that an operator has open from reading the desk or typing into it."""
    if request.host not in request.app[HOSTS]:
        return web.json_response({"message": "This is not the name of the desk."}, status=403)
    if request.method == "POST" and request.content_type != "application/json":
        return web.json_response({"message": "Only JSON is taken."}, status=415)
    return await handler(request)


def applications(secret: str, hosts: set[str]) -> tuple[web.Application, web.Application]:
    """The two sides of the desk: for the engine, for operators."""
    desk = Desk()
    engine_side = web.Application(client_max_size=MAX_BODY_BYTES)
    engine_side[DESK] = desk
    engine_side[SECRET] = secret
    engine_side.router.add_post("/", webhook)

    operator_side = web.Application(middlewares=[own_page_only])
    operator_side[DESK] = desk
    operator_side[HOSTS] = hosts
    operator_side.router.add_get("/", page)
    operator_side.router.add_get("/conversations", conversations)
    operator_side.router.add_get("/changes", changes)
    operator_side.router.add_post("/conversations/{id}/lines", type_line)
    operator_side.router.add_post("/conversations/{id}/cancel", cancel)
    return engine_side, operator_side


async def serve(arguments: argparse.Namespace) -> None:
    port = arguments.desk_port
    hosts = {f"{host}:{port}" for host in {arguments.desk_host, "127.0.0.1", "localhost", *arguments.desk_name}}
    sides = applications(os.environ.get("WEBHOOK_SECRET", ""), hosts)
    addresses = [(arguments.host, arguments.port), (arguments.desk_host, port)]
    for side, (host, port) in zip(sides, addresses):
        # With handler_cancellation, an answer that the user stopped leaves the desk at once.
        runner = web.AppRunner(side, handler_cancellation=True)
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
    logging.info("operators: http://%s:%s/", *addresses[1])
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="A backend whose answers a person types.")
    parser.add_argument("--host", default="127.0.0.1", help="where the engine calls")
    parser.add_argument("--port", type=int, default=8303)
    parser.add_argument("--desk-host", default="127.0.0.1", help="where operators look")
    parser.add_argument("--desk-port", type=int, default=8304)
    parser.add_argument("--desk-name", action="append", default=[], help="another host name operators use")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    try:
        asyncio.run(serve(arguments))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
