"""The action server's process: rasa-sdk over a socket that the supervisor bound.

`python -m bot.runtime.actionhost SOCKET REPORT PACKAGE`. Rasa-sdk's own start listens on 0.0.0.0 (rasa_sdk/endpoint.py:177) for anybody.
"""

import logging
import os
import socket
import sys
from typing import Any

from bot.runtime import lean, logs
from bot.runtime.child import GRACE_SECONDS, SERVING, Supervisor


def serve(handle: int, supervisor: Supervisor, package: str) -> None:
    """Serve the actions of `package` on the inherited socket until SIGTERM or until the supervisor is gone."""
    lean.install("run")
    logs.configure()
    os.environ["SANIC_GRACEFUL_SHUTDOWN_TIMEOUT"] = str(GRACE_SECONDS)

    from rasa_sdk.endpoint import create_app
    from sanic.response import json as json_response

    from bot.db import DatabaseFault

    app = create_app(package, cors_origins=None)

    @app.exception(DatabaseFault)
    async def not_now(_request: Any, fault: DatabaseFault) -> Any:
        """Rasa-sdk answers 500 to everything, as if the action were wrong (rasa_sdk/endpoint.py:139)."""
        logging.getLogger(__name__).error("an action cannot reach the database: %s", type(fault).__name__)
        return json_response({"error": type(fault).__name__}, status=503)

    @app.after_server_start
    async def report(_app: Any, _loop: Any) -> None:
        supervisor.tell(SERVING)

    app.run(sock=socket.socket(fileno=handle), access_log=False, motd=False)


if __name__ == "__main__":
    serve(int(sys.argv[1]), Supervisor(int(sys.argv[2])), sys.argv[3])
