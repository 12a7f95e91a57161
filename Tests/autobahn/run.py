"""Runs cases of the Autobahn suite against a server that echoes messages.

    run.py CASES URL AT_ONCE SECTION...

CASES is autobahntestsuite/case of the published package, AT_ONCE how many cases run at a time (one, where they are
large: in one process they hold each other up), SECTION what the ids of the cases begin with. Prints what the suite says
of each as JSON.
"""

import asyncio
import json
import pathlib
import sys

from autobahn.asyncio.websocket import WebSocketClientFactory, WebSocketClientProtocol
from autobahn.websocket.protocol import WebSocketProtocol

import suite

# The suite gives a server half a second or one. Only how soon a failure is noticed depends on it; a busy machine needs
# more.
PATIENCE = 8

# Between the chops of a frame: the next turn of the event loop, rather than the millisecond that is its shortest wait.
WebSocketProtocol._QUEUED_WRITE_DELAY = 0


def octets(text):
    return text.encode("latin-1") if isinstance(text, str) else text


def text(octets):
    return octets.decode("latin-1")


class Client(WebSocketClientProtocol):
    """What the suite's own client is to its cases: a protocol that can be told to do wrong."""

    connectionWasOpen = False

    def __init__(self, case):
        super().__init__()
        self.case = case
        self.txFrameStats = {}
        self.gone = asyncio.get_running_loop().create_future()

    # What the cases call.

    def enableWirelog(self, enable):
        pass

    def continueLater(self, delay, function, tag=None):
        self.later(delay, function)

    def killAfter(self, delay):
        self.later(delay, self._fail_connection)

    def closeAfter(self, delay):
        # Where nothing is expected, the wait is what the case is about.
        expects = any(self.runCase.expected.values()) or not self.runCase.expected
        self.later(delay, self.sendClose, PATIENCE if expects else 1)

    def later(self, delay, function, patience=PATIENCE):
        def act():
            if self.state != self.STATE_CLOSED:
                function()

        asyncio.get_running_loop().call_later(delay * patience, act)

    def sendFrame(self, opcode, payload=b"", **options):
        super().sendFrame(opcode, octets(payload), **options)

    def sendMessage(self, payload, isBinary=False, **options):
        if self.state == self.STATE_OPEN:
            super().sendMessage(octets(payload), isBinary, **options)

    def sendMessageFrameData(self, payload, **options):
        return super().sendMessageFrameData(octets(payload), **options)

    def sendCloseFrame(self, code=None, reasonUtf8=None, isReply=False):
        super().sendCloseFrame(code, octets(reasonUtf8), isReply)

    def sendData(self, data, *arguments, **options):
        super().sendData(octets(data), *arguments, **options)

    # What the protocol tells.

    def onOpen(self):
        self.connectionWasOpen = True
        self.runCase.onOpen()

    def onMessage(self, payload, isBinary):
        self.runCase.onMessage(text(payload), isBinary)

    def onPong(self, payload):
        self.runCase.onPong(text(payload))

    def onClose(self, wasClean, code, reason):
        self.runCase.onClose(wasClean, code, reason)

    def logTxFrame(self, frameHeader, *arguments):
        self.txFrameStats[frameHeader.opcode] = self.txFrameStats.get(frameHeader.opcode, 0) + 1

    def logRxFrame(self, *arguments):
        pass

    def connection_lost(self, exc):
        super().connection_lost(exc)
        self.runCase.onConnectionLost(self.failedByMe)
        self.gone.set_result(None)


async def run(case, url, places):
    factory = WebSocketClientFactory(url)
    factory.logFrames = True
    factory.setProtocolOptions(
        failByDrop=False,
        openHandshakeTimeout=5 * PATIENCE,
        closeHandshakeTimeout=PATIENCE,
        serverConnectionDropTimeout=PATIENCE,
    )

    def client():
        client = Client(case)
        client.factory = factory
        client.runCase = case(client)
        return client

    async with places:
        _, client = await asyncio.get_running_loop().create_connection(client, factory.host, factory.port)
        await client.gone
    outcome = client.runCase
    return {
        "behavior": outcome.behavior,
        "behaviorClose": outcome.behaviorClose,
        "result": outcome.result,
        "resultClose": outcome.resultClose,
    }


async def main(directory, url, at_once, *sections):
    places = asyncio.Semaphore(int(at_once))
    wanted = {
        name: case
        for name, case in suite.cases(pathlib.Path(directory)).items()
        if name.split(".")[0] in sections
    }
    results = await asyncio.gather(*(run(case, url, places) for case in wanted.values()))
    json.dump(dict(zip(wanted, results)), sys.stdout, indent=1)


asyncio.run(main(*sys.argv[1:]))
