"""The HTTP parser: always h11, without websockets; malformed requests are answered with the security headers too.

uvicorn would pick whichever parser is installed, and parsers differ in how they read unusual requests.
"""

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from app.security.security_headers import SECURITY_HEADERS


class Protocol(H11Protocol):
    """uvicorn's h11 protocol, whose answer to a malformed request bypasses the application and its middleware."""

    def send_400_response(self, msg: str) -> None:
        """Answer 400 with ``msg`` and close the connection."""
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close"), *SECURITY_HEADERS]
        events = (
            h11.Response(status_code=400, headers=headers), h11.Data(data=msg.encode("ascii")), h11.EndOfMessage()
        )  # fmt: skip
        self.transport.write(b"".join(self.conn.send(event) or b"" for event in events))
        self.transport.close()
