#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# mail_sink.py DIR CERT KEY: mail servers on ports of their own, printed as assignments: one with STARTTLS
# and a sign-in (sender / mail-pw) that it insists on, one with TLS from the start, one with neither. A mail
# is kept in DIR/N.eml with its envelope in DIR/N.json. Receivers that begin so are refused: reject, greylist.
import asyncio, json, ssl, sys
from aiosmtpd.smtp import AuthResult, LoginPassword, SMTP

folder, cert, key = sys.argv[1:4]
count = 0


class Sink:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith('reject'):
            return '550 no such user'
        if address.startswith('greylist'):
            return '451 try later'
        envelope.rcpt_tos.append(address)
        return '250 OK'

    async def handle_DATA(self, server, session, envelope):
        global count
        if b'cmVmdXNlIG1l' in envelope.content:         # "refuse me", in base64
            return '554 not that one'
        count += 1
        with open(f'{folder}/{count}.eml', 'wb') as out:
            out.write(envelope.content)
        with open(f'{folder}/{count}.json', 'w') as out:
            json.dump({'from': envelope.mail_from, 'to': envelope.rcpt_tos, 'tls': session.ssl is not None}, out)
        return f'250 OK number {count}'


def authenticate(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and data.login == b'sender' and data.password == b'mail-pw'
    return AuthResult(success=good, handled=False)


def tls():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


async def start(name, wrap=None, **options):
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(Sink(), hostname='sink', **options), '127.0.0.1', 0, ssl=wrap)
    print(f'{name}={server.sockets[0].getsockname()[1]}', flush=True)
    return server


async def main():
    servers = [await start('SMTP_PORT', tls_context=tls(), require_starttls=True, authenticator=authenticate, auth_required=True),
               await start('SMTPS_PORT', wrap=tls(), authenticator=authenticate, auth_require_tls=False),
               await start('SMTP_PLAIN_PORT')]
    await asyncio.gather(*(server.serve_forever() for server in servers))


asyncio.run(main())
