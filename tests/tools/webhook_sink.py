#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# webhook_sink.py DIR: takes webhooks on a port of its own, which it prints, and keeps each as DIR/N.json.
#   /slack/T1     as Slack's incoming webhook: "ok", or 400 for what is no payload
#   /standard     Standard Webhooks: the signature is verified by the secret whsec_a2FuYW1lLXRlc3Qtc2VjcmV0LTEyMw==
#   /page /gone /busy     a web page, 410, 503
import base64, hashlib, hmac, json, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

folder = sys.argv[1]
secret = base64.b64decode('a2FuYW1lLXRlc3Qtc2VjcmV0LTEyMw==')
count = 0


def verified(headers, body):
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = 'v1,' + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    fresh = abs(time.time() - int(headers['webhook-timestamp'])) < 300
    return fresh and any(hmac.compare_digest(wanted, given) for given in headers['webhook-signature'].split(' '))


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def answer(self, status, text, kind='text/plain'):
        body = text.encode()
        self.send_response(status)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(404 if self.path == '/nowhere' else 400, 'no_text')

    def do_POST(self):
        global count
        body = self.rfile.read(int(self.headers['Content-Length']))
        fixed = {'/page': (200, '<!DOCTYPE html><title>Sign in</title>', 'text/html'), '/gone': (410, 'gone'), '/busy': (503, 'later')}
        if self.path in fixed:
            return self.answer(*fixed[self.path])
        payload = json.loads(body)
        if self.path == '/standard' and not verified(self.headers, body):
            return self.answer(401, 'bad signature')
        if self.path.startswith('/slack') and not (payload.get('text') or payload.get('attachments')):
            return self.answer(400, 'invalid_payload')
        if payload.get('channel') == '#nowhere':
            return self.answer(404, 'channel_not_found')
        if payload.get('data', {}).get('to') == 'refuse@example.test':
            return self.answer(422, 'no such receiver')
        count += 1
        with open(f'{folder}/{count}.json', 'w') as out:
            json.dump({'path': self.path, 'id': self.headers['webhook-id'], 'body': payload}, out)
        self.answer(200, 'ok')

    def log_message(self, *arguments):
        pass


server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
