"""A carrier's office on this machine, for tests of the line to it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Office:
    """A carrier's office on this machine: answers in turn as told, and writes down what it was asked."""

    def __init__(self):
        self.answers, self.asked = [], []
        office = self

        class Desk(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                office.asked.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                status, said, extra = office.answers.pop(0) if office.answers else (500, {"none": "left"}, {})
                raw = said if isinstance(said, bytes) else json.dumps(said).encode()
                self.send_response(status)
                for name, value in {"Content-Length": str(len(raw)), **extra}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(raw)

            do_GET = do_POST = answer  # noqa: N815 - names the server calls

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def will(self, status, said=None, **extra):
        self.answers.append((status, {} if said is None else said, {k.replace("_", "-"): v for k, v in extra.items()}))

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
