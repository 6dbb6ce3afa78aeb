"""Have the server run a command with the streams, folder and environment of this process, and end as it does.

It takes the arguments of an interpreter: ``[-P] -m MODULE …`` or ``-c TEXT …``. It loads next to nothing.
"""

import json
import os
import signal
import socket
import sys

address, *arguments = sys.argv[1:]
body = json.dumps({"arguments": arguments, "folder": os.getcwd(), "environment": dict(os.environ)}).encode()
with socket.socket(socket.AF_UNIX) as server:
    server.connect(address)
    socket.send_fds(server, [len(body).to_bytes(8, "big")], [0, 1, 2])
    server.sendall(body)
    # The streams belong to the command alone: whoever is at their other ends must see when it closes them.
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    answer = server.recv(8)
code = os.waitstatus_to_exitcode(int.from_bytes(answer, "big")) if answer else 70
if code < 0:
    if -code != signal.SIGKILL:
        signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
os._exit(code)
