#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# board.py: a notice board. Takes notices at /notices on a port of its own, which it prints; shows them all in order.
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

notices = []


class Board(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(200, notices)

    def do_POST(self):
        notice = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
        if notice['to'] == 'nobody':
            return self.answer(404, 'there is no such column')
        notices.append(notice)
        self.answer(201, len(notices))

    def log_message(self, *arguments):
        pass


server = ThreadingHTTPServer(('127.0.0.1', 0), Board)
print(server.server_port, flush=True)
server.serve_forever()
