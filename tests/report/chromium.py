"""A Chromium to look at pages with, spoken to over its own debugging protocol."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import shutil
import subprocess
import time
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from pathlib import Path

_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)


class NoChromium(Exception):
    """There is none here, or it does not start."""


class NavigatedError(AssertionError):
    """The page that was asked gave way to another one before it answered."""


class Tab:
    """One tab of a running Chromium."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._last = 0
        self._trace: list[dict[str, Any]] = []
        self._traced = False
        self.requests: list[str] = []
        self.complaints: list[str] = []

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command and wait for its answer, noting what happens meanwhile."""
        self._last += 1
        await self._socket.send_json({"id": self._last, "method": method, "params": parameters})
        while True:
            message = await self._socket.receive_json(timeout=30)
            if message.get("id") == self._last:
                if "navigated" in message.get("error", {}).get("message", ""):
                    raise NavigatedError(message["error"])
                assert "error" not in message, message["error"]
                result: dict[str, Any] = message["result"]
                return result
            self._note(message)

    async def longest_task(self, work: Callable[[], Awaitable[None]]) -> float:
        """Give the milliseconds of the processor that the page's longest task took while something is done."""
        self._trace, self._traced = [], False
        await self.call(
            "Tracing.start", traceConfig={"includedCategories": ["disabled-by-default-devtools.timeline", "__metadata"]}
        )
        await work()
        await self.call("Tracing.end")
        async with asyncio.timeout(60):
            while not self._traced:
                await self.eval("1")
        pages = {
            (event["pid"], event["tid"])
            for event in self._trace
            if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
        }
        tasks = (event for event in self._trace if event["name"] == "RunTask" and (event["pid"], event["tid"]) in pages)
        return max((event.get("tdur", 0) / 1000 for event in tasks), default=0.0)

    def _note(self, message: dict[str, Any]) -> None:
        about = message.get("params", {})
        if message["method"] == "Tracing.dataCollected":
            self._trace += about["value"]
        elif message["method"] == "Tracing.tracingComplete":
            self._traced = True
        self._note_page(message, about)

    def _note_page(self, message: dict[str, Any], about: dict[str, Any]) -> None:
        if message["method"] == "Network.requestWillBeSent":
            self.requests.append(about["request"]["url"])
        elif message["method"] == "Log.entryAdded":
            self.complaints.append(about["entry"]["text"])
        elif message["method"] == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(about["exceptionDetails"]))

    async def open(self, address: str, *, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Open a page in a window of this size and wait until it is loaded."""
        for domain in ("Page", "Network", "Log", "Runtime"):
            await self.call(f"{domain}.enable")
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])
        await self.call("Page.navigate", url=address)
        await self.until("document.readyState === 'complete' && location.protocol !== 'about:'")

    async def reload(self) -> None:
        """Load the page anew and wait until it is there."""
        await self.eval("window.before_ = true")
        await self.call("Page.reload")
        await self.until("document.readyState === 'complete' && !window.before_")

    async def eval(self, expression: str) -> Any:
        """Give the value of an expression, awaited if it is a promise."""
        answer = await self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    async def until(self, condition: str) -> None:
        """Wait until an expression is true, of the page that is coming if one is."""
        async with asyncio.timeout(30):
            while not await self._holds(condition):  # noqa: ASYNC110  the event happens in another process
                await asyncio.sleep(0.02)

    async def _holds(self, condition: str) -> bool:
        try:
            return bool(await self.eval(condition))
        except NavigatedError:
            return False

    async def click(self, selector: str) -> None:
        """Press the left button of the mouse over an element."""
        x, y = await self._middle(selector)
        for kind in ("mousePressed", "mouseReleased"):
            await self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    async def hover(self, selector: str) -> None:
        """Move the mouse over an element."""
        x, y = await self._middle(selector)
        await self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    async def tap(self, selector: str) -> None:
        """Touch an element with a finger."""
        x, y = await self._middle(selector)
        await self.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        await self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    async def write(self, text: str) -> None:
        """Type into what has the focus."""
        await self.call("Input.insertText", text=text)

    async def press(self, key: str) -> None:
        """Press one key."""
        for kind in ("keyDown", "keyUp"):
            text = {"text": key} if kind == "keyDown" and len(key) == 1 else {}
            await self.call("Input.dispatchKeyEvent", type=kind, key=key, **text)

    async def picture(self) -> bytes:
        """Give what the window shows as a PNG."""
        answer = await self.call("Page.captureScreenshot")
        return base64.b64decode(answer["data"])

    async def paper(self) -> bytes:
        """Give what the page looks like on A4 as a PDF."""
        answer = await self.call("Page.printToPDF", paperWidth=8.27, paperHeight=11.69, printBackground=True)
        return base64.b64decode(answer["data"])

    async def _middle(self, selector: str) -> tuple[float, float]:
        box = await self.eval(
            f"(() => {{ const element = document.querySelector({json.dumps(selector)});"
            " element.scrollIntoView({block: 'center'}); const box = element.getBoundingClientRect();"
            " return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        return box[0], box[1]


@contextmanager
def started(profile: Path) -> Iterator[str]:
    """Start a Chromium and give the address of its debugging port.

    Raises:
        NoChromium: If there is none.
    """
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        raise NoChromium("no Chromium is installed")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    # Beside its profile it writes settings and caches into the home of whoever starts it.
    home = os.environ | dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"), str(profile))
    command = [program, *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
    with subprocess.Popen(command, env=home, **quiet) as process:  # type: ignore[call-overload]
        try:
            yield f"http://127.0.0.1:{_port(profile, process)}"
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()


def _port(profile: Path, process: subprocess.Popen[bytes]) -> int:
    told = profile / "DevToolsActivePort"
    deadline = time.monotonic() + 60
    while not (told.is_file() and told.read_text().count("\n")):
        if process.poll() is not None or time.monotonic() > deadline:
            raise NoChromium("Chromium does not start here")
        time.sleep(0.05)
    return int(told.read_text().split()[0])


@asynccontextmanager
async def opened(chromium: str) -> AsyncIterator[Tab]:
    """Open a new tab and close it in the end."""
    async with aiohttp.ClientSession() as session:
        async with session.put(f"{chromium}/json/new?about:blank") as answer:
            target = await answer.json()
        async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
            yield Tab(socket)
        async with session.get(f"{chromium}/json/close/{target['id']}"):
            pass
