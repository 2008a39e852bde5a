#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# tls_front.py HOST:PORT CERT KEY: TLS on a port of its own, which it prints, before a server that speaks none.
import asyncio, ssl, sys

host, port = sys.argv[1].rsplit(':', 1)


async def carry(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def connected(reader, writer):
    try:
        server_reader, server_writer = await asyncio.open_connection(host, port)
    except OSError:
        writer.close()
        return
    await asyncio.gather(carry(reader, server_writer), carry(server_reader, writer))


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*sys.argv[2:4])
    server = await asyncio.start_server(connected, '127.0.0.1', 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
