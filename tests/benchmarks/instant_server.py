"""A provider that answers everything at once and remembers nothing but the picture of each prediction.

    .venv/bin/python -m tests.benchmarks.instant_server [COUNT [PORT]]

prints its port and serves the wire contract on loopback until it is ended: what is measured against it is the client.
With a count it prints a line at its first request, one at its first submit, and one when there were so many submits.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import struct
import sys
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

MODEL = "sora-2-image-to-video"
CLIP_BYTES = 50_000
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def box(kind: bytes, *parts: bytes) -> bytes:
    """Write an MP4 box."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def track(handler: bytes, entry: bytes, media: int) -> bytes:
    """Write a track of four seconds with one sample."""
    tkhd = box(
        b"tkhd",
        struct.pack(">IIIIII", 0, 0, 0, 1, 0, 4000),
        bytes(16),
        _MATRIX,
        struct.pack(">II", 1280 << 16, 720 << 16),
    )
    mdhd = box(b"mdhd", struct.pack(">IIIIII", 0, 0, 0, 1000, 4000, 0))
    hdlr = box(b"hdlr", bytes(8), handler, bytes(13))
    table = box(b"stbl", box(b"stsd", struct.pack(">II", 0, 1), entry), box(b"stsz", struct.pack(">III", 0, media, 1)))
    return box(b"trak", tkhd, box(b"mdia", mdhd, hdlr, box(b"minf", table)))


def make_clip(size: int) -> bytes:
    """Write a whole MP4 file of four seconds and 1280x720 pixels with sound, filled up with media data."""
    media = size - 2_000
    video = box(b"avc1", bytes(24), struct.pack(">HH", 1280, 720), bytes(50))
    audio = box(b"mp4a", bytes(28))
    movie = box(b"mvhd", struct.pack(">IIIII", 0, 0, 0, 1000, 4000), bytes(80))
    moov = box(b"moov", movie, track(b"vide", video, media - 1), track(b"soun", audio, 1))
    return box(b"ftyp", b"isom", bytes(4)) + moov + box(b"mdat", bytes(media))


class Provider:
    """The calls.

    Args:
        count: How many submits it tells of; 0 tells of nothing.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._told: set[str] = set()
        self._submits = 0
        self.base = ""
        self._numbers = itertools.count(1)
        self._pictures: dict[str, str] = {}
        self._clip = make_clip(CLIP_BYTES)

    def tell(self, what: str) -> None:
        """Print a line, once."""
        if self._count and what not in self._told:
            self._told.add(what)
            sys.stdout.write(f"{what}\n")
            sys.stdout.flush()

    @web.middleware
    async def listen(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Tell of the first request."""
        self.tell("request")
        return await handler(request)

    async def presign(self, _: web.Request) -> web.Response:
        """Give a place for a picture."""
        name = f"{next(self._numbers):08d}"
        url = f"{self.base}/uploads/{name}.jpg"
        return _json({"id": name, "presigned_url": url, "public_url": url, "required_headers": {"x-file-id": name}})

    async def put(self, request: web.Request) -> web.Response:
        """Take a picture, and forget it."""
        await request.read()
        return web.Response()

    async def create(self, request: web.Request) -> web.Response:
        """Accept anything."""
        self.tell("submit")
        self._submits += 1
        if self._submits == self._count:
            self.tell("enough")
        name = f"p{next(self._numbers):08d}"
        self._pictures[name] = (await request.json())["input"]["image_url"]
        return _json({"status": "success", "message": "created", "predictionID": name})

    async def poll(self, request: web.Request) -> web.Response:
        """Say that the clip is there."""
        name = request.match_info["name"]
        return _json(
            {
                "id": name,
                "input": {"image_url": self._pictures.get(name, "")},
                "status": "success",
                "output": f"{self.base}/clips/{name}.mp4",
                "logs": None,
                "metrics": {"predict_time": 200.0, "cost": 0.4},
            }
        )

    async def clip(self, _: web.Request) -> web.Response:
        """Give the clip, which is the same for all."""
        return web.Response(body=self._clip, content_type="video/mp4")

    async def done(self, _: web.Request) -> web.Response:
        """Say yes."""
        return _json({"status": "success"})

    async def executions(self, _: web.Request) -> web.Response:
        """List nothing."""
        return _json({"executions": [], "next_cursor": None, "has_more": False})

    async def model(self, request: web.Request) -> web.Response:
        """List the model, without a price."""
        return _json({"slug": request.match_info["slug"], "request_schema": {}, "cost": None})

    async def balance(self, _: web.Request) -> web.Response:
        """Have money enough."""
        return _json({"balance_usd": 1_000_000})

    def routes(self) -> list[web.RouteDef]:
        """Give the calls their addresses."""
        return [
            web.post("/v1/upload/presign", self.presign),
            web.put("/uploads/{name}", self.put),
            web.post("/v1/prediction", self.create),
            web.get("/v1/prediction/{name}", self.poll),
            web.post("/v1/prediction/{name}/cancel", self.done),
            web.get("/clips/{name}", self.clip),
            web.delete("/v1/files/{name}", self.done),
            web.get("/v2/executions", self.executions),
            web.get("/v1/models/{slug}", self.model),
            web.get("/v1/billing/balance", self.balance),
        ]


def _json(value: object) -> web.Response:
    return web.Response(text=json.dumps(value), content_type="application/json")


async def serve() -> None:
    """Serve on a free port, and say which."""
    provider = Provider(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    middlewares = (provider.listen,) if len(sys.argv) > 1 else ()
    app = web.Application(client_max_size=100_000_000, middlewares=middlewares)
    app.add_routes(provider.routes())
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    await web.TCPSite(runner, "127.0.0.1", port, reuse_address=True).start()
    port = runner.addresses[0][1]
    provider.base = f"http://127.0.0.1:{port}"
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve())
