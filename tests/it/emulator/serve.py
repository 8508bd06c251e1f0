"""Runs one AWS emulator on a free port and ends it with the test binary.

usage: serve.py moto|ministack LOGFILE

Prints `ready PORT` once the port answers. Reads stdin: its end (the tests are over, or were killed) ends the
whole process group, so that nothing is left behind.
"""

import os
import signal
import socket
import sys
import threading
import time
from importlib.metadata import entry_points

LONGEST = 60.0


def main() -> None:
    name, log = sys.argv[1:]
    os.setsid()
    out = os.fdopen(os.dup(1), "w")
    with open(log, "wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    threading.Thread(target=end_with_stdin, daemon=True).start()
    threading.Thread(target=tell_when_ready, args=(port, out), daemon=True).start()
    if name == "moto":
        command, arguments = "moto_server", ["-H", "127.0.0.1", "-p", str(port)]
    else:
        command, arguments = "ministack", []
        os.environ.update(BIND_HOST="127.0.0.1", GATEWAY_PORT=str(port))
    sys.argv = [command, *arguments]
    (script,) = (entry for entry in entry_points(group="console_scripts") if entry.name == command)
    script.load()()


def end_with_stdin() -> None:
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGKILL)


def tell_when_ready(port: int, out) -> None:
    end = time.monotonic() + LONGEST
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
            continue
        print(f"ready {port}", file=out, flush=True)
        return
    print(f"not ready after {LONGEST:.0f} s", file=out, flush=True)
    os.killpg(0, signal.SIGKILL)


main()
