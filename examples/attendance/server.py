#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# server.py TOKENFILE [forgetful]: a small attendance system, on a port of its own, which it prints. A day is
# {"status", "note"}; one that nobody set is "unknown". A forgetful one answers 200 to all, and stores nothing.
import json, re, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

token = open(sys.argv[1]).read().strip()
forgetful = sys.argv[2:] == ['forgetful']
days = {}


class Attendance(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle_day(self, change):
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        day = re.fullmatch(r'/v1/days/([a-z0-9_-]+/[0-9-]+)', self.path)
        if self.headers.get('Authorization') != f'Bearer {token}':
            return self.answer(401, {'error': 'who are you?'})
        if not day:
            return self.answer(404, {'error': 'no such page'})
        if change and not forgetful:
            days[day[1]] = json.loads(body)
        self.answer(200, {'ok': True} if change else days.get(day[1], {'status': 'unknown', 'note': ''}))

    def do_GET(self):
        self.handle_day(False)

    def do_PUT(self):
        self.handle_day(True)

    def log_message(self, *arguments):
        pass


server = ThreadingHTTPServer(('127.0.0.1', 0), Attendance)
print(server.server_port, flush=True)
server.serve_forever()
