"""The action server's process: rasa-sdk over a socket that the launcher bound, ending with the launcher.

`python -m bot.runtime.actionhost FD PACKAGE`. Rasa-sdk's own start listens on 0.0.0.0 (rasa_sdk/endpoint.py:177) for anybody.
"""

import os
import signal
import socket
import sys
import threading
import time

from bot.runtime import lean, logs

GRACE_SECONDS = 3


def serve(handle: int, package: str) -> None:
    """Serve the actions of `package` on the inherited socket until SIGTERM or until stdin closes."""
    lean.install()
    logs.configure()
    threading.Thread(target=_end_with_launcher, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the launcher, which ends us in its turn
    os.environ["SANIC_GRACEFUL_SHUTDOWN_TIMEOUT"] = str(GRACE_SECONDS)

    from rasa_sdk.endpoint import create_app

    app = create_app(package, cors_origins=None)
    app.run(sock=socket.socket(fileno=handle), access_log=False, motd=False)


def _end_with_launcher() -> None:
    """The launcher holds the other end of stdin: it closes even when the launcher is killed."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS + 1)
    os._exit(1)


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2])
