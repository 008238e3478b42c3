"""How requests are read off the wire: h11, always, and no websockets; what is no HTTP is answered under the policy too.

uvicorn would take whatever parser happens to be installed, and each understands odd requests in its own way.
"""

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from app.security.request_checks import HEADERS


class Protocol(H11Protocol):
    """uvicorn's own, which answers a malformed request before any application sees it."""

    def send_400_response(self, msg: str) -> None:
        """Say so and hang up."""
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close"), *HEADERS]
        said = (h11.Response(status_code=400, headers=headers), h11.Data(data=msg.encode("ascii")), h11.EndOfMessage())
        self.transport.write(b"".join(self.conn.send(each) or b"" for each in said))
        self.transport.close()
