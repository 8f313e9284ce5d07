"""A served simulator whose renders are instant and whose clips come from one template made once."""

from __future__ import annotations

import asyncio
import contextlib
import io
import ssl
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from PIL import Image

from batch.simulator import Clips, SimulatorSettings, serve
from batch.simulator.clips import encode, planes_of
from batch.simulator.values import Size

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

MODEL = "sora-2-image-to-video"
TLS = ssl.create_default_context()  # never used on loopback, and 30 ms for every client that makes its own


def picture(width: int = 1280, height: int = 720) -> bytes:
    """Draw a product on a plain ground as a JPEG."""
    image = Image.new("RGB", (width, height), (235, 233, 228))
    image.paste((180, 60, 40), (width // 3, height // 4, width // 2, height * 3 // 4))
    image.paste((40, 90, 160), (width // 2, height // 3, width * 2 // 3, height * 2 // 3))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=95)
    return file.getvalue()


@dataclass
class Shop:
    """A client with a key, and one without for presigned and public URLs."""

    api: httpx.AsyncClient
    web: httpx.AsyncClient
    url: str
    folder: Path

    @staticmethod
    def draw(width: int, height: int) -> bytes:
        """Draw a picture of another size."""
        return picture(width, height)

    async def upload(self, content: bytes | None = None) -> dict[str, Any]:
        """Presign and put a picture; gives the presign's answer."""
        slot = (await self.api.post("/v1/upload/presign", json={"content_type": "image/jpeg"})).json()
        headers = {"Content-Type": "image/jpeg", **slot["required_headers"]}
        put = await self.web.put(slot["presigned_url"], content=content or picture(), headers=headers)
        assert put.status_code == 200
        return dict(slot)

    def order(self, image_url: str, **inputs: Any) -> dict[str, Any]:
        """Write the body of a submit."""
        return {"model": MODEL, "version": "0.0.1", "input": {"prompt": "turn", "image_url": image_url, **inputs}}

    async def submit(self, image_url: str, **inputs: Any) -> httpx.Response:
        """Send a submit."""
        return await self.api.post("/v1/prediction", json=self.order(image_url, **inputs))

    async def create(self, **inputs: Any) -> str:
        """Upload a picture and order a clip of it; gives the prediction's id."""
        answer = await self.submit((await self.upload())["public_url"], **inputs)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["predictionID"])

    async def poll(self, prediction_id: str) -> dict[str, Any]:
        """Poll once."""
        return dict((await self.api.get(f"/v1/prediction/{prediction_id}")).json())

    async def until(self, prediction_id: str, *statuses: str) -> dict[str, Any]:
        """Poll until the status is one of these."""
        for _ in range(2000):
            body = await self.poll(prediction_id)
            if body["status"] in statuses:
                return body
            await asyncio.sleep(0.005)
        raise AssertionError(f"{prediction_id} is not {statuses}: {body}")

    async def ended(self, prediction_id: str) -> dict[str, Any]:
        """Poll until the prediction is over."""
        return await self.until(prediction_id, "success", "error", "cancelled")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of one clip of four seconds, encoded once."""
    path = tmp_path_factory.mktemp("clips") / "template.mp4"
    size = Size(width=1280, height=720)
    encode(planes_of(picture(), size), size, 4, path)
    return path.read_bytes()


@pytest.fixture
def settings(tmp_path: Path, template: bytes) -> SimulatorSettings:
    """Settings for tests: instant renders, clips from the template."""
    folder = tmp_path / "provider"
    (folder / "clips").mkdir(parents=True)
    (folder / "clips" / "cached-1280x720-4.mp4").write_bytes(template)
    return SimulatorSettings(data_dir=folder, instant=True, clips=Clips.CACHED)


@pytest.fixture
def opened(settings: SimulatorSettings, tmp_path: Path) -> Callable[..., AbstractAsyncContextManager[Shop]]:
    """Open a simulator: `opened(faults="...", balance_usd=..., key="...")`; faults are the rules' YAML."""

    @contextlib.asynccontextmanager
    async def opener(*, faults: str | None = None, as_key: str = "test-key", **changes: Any) -> AsyncIterator[Shop]:
        if faults is not None:
            path = tmp_path / "faults.yaml"
            path.write_text(f"seed: 1\nrules: [{faults}]\n", encoding="utf-8")
            changes["faults"] = path
        chosen = replace(settings, **changes)
        headers = {"Authorization": f"Bearer {as_key}"}
        async with (
            serve(chosen) as url,
            httpx.AsyncClient(base_url=url, headers=headers, timeout=10, verify=TLS) as api,
            httpx.AsyncClient(timeout=10, verify=TLS) as web,
        ):
            yield Shop(api=api, web=web, url=url, folder=chosen.data_dir)

    return opener
