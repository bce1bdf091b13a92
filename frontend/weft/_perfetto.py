"""A trace for Perfetto in the browser, which fetches it from this machine."""

from __future__ import annotations

import functools
import http.server
from collections.abc import Callable
from pathlib import Path

PORT = 9001
"""The only one from which Perfetto takes traces."""
_SITE = "https://ui.perfetto.dev"


class _Handler(http.server.SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        self.send_header("Access-Control-Allow-Origin", _SITE)
        super().end_headers()

    def do_GET(self) -> None:
        super().do_GET()
        self.server.was_asked = True  # type: ignore[attr-defined]

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the link is all that the user should read."""


def _announce(link: str) -> None:
    print(f"Open URL in browser: {link}", flush=True)


def serve(trace: Path, port: int = PORT, announce: Callable[[str], None] = _announce) -> None:
    """Hand out a link that shows the trace, and wait until a browser has fetched it."""
    handler = functools.partial(_Handler, directory=str(trace.parent))
    with http.server.HTTPServer(("127.0.0.1", port), handler) as server:
        server.was_asked = False  # type: ignore[attr-defined]
        announce(f"{_SITE}/#!/?url=http://127.0.0.1:{server.server_port}/{trace.name}")
        while not server.was_asked:  # type: ignore[attr-defined]
            server.handle_request()
