#!/usr/bin/env python3
"""listener.py FAULT CERTIFICATES [--relay PORT]: a listener on loopback with one fault of TLS.

Prints `port N` first, then a line for each thing it sees: `agreed` (the handshake is over), `connect` (the client has sent
its connect data), `ended NAME` (an error ended the connection). Then it refuses the client with 12514, or, with --relay,
forwards both directions to that port of loopback, as a man in the middle does. Oracle's client of 19c compares the name in
the certificate only after a server has accepted it, so a fault of names needs --relay. Ends when its standard input does.
"""
import argparse
import select
import socket
import ssl
import struct
import sys
import threading

# The certificate of each fault; None where there is no TLS.
FAULTS = {
    "none": "good",
    "unknown-ca": "unknown-ca",
    "expired": "expired",
    "wrong-name": "wrong-name",
    "wants-client-cert": "good",
    "versions": "good",  # TLS 1.3 only, which a client of 2019 does not speak
    "plain": None,  # reads the handshake as a packet of TNS, and waits for the rest of it
    "silent": None,
    "reset": None,  # resets the connection in the handshake, as an inspecting firewall does
    "closed": None,  # closes it in the handshake
    "http": None,
}
TNS_REFUSE = 4
# Bytes before a packet's payload; the first two are its length.
TNS_HEAD = 8


def tell(text):
    print(text, flush=True)


def refusal(code):
    text = f"(DESCRIPTION=(ERR={code})(VSNNUM=318767104)(ERROR_STACK=(ERROR=(CODE={code})(EMFI=4))))".encode()
    payload = struct.pack(">BBH", 0x22, 0, len(text)) + text
    return struct.pack(">HHBBH", TNS_HEAD + len(payload), 0, TNS_REFUSE, 0, 0) + payload


def read(stream, size):
    data = b""
    while len(data) < size:
        part = stream.recv(size - len(data))
        if not part:
            return None
        data += part
    return data


def read_packet(stream):
    head = read(stream, TNS_HEAD)
    return head and read(stream, max(0, struct.unpack(">H", head[:2])[0] - TNS_HEAD))


def tls_context(fault, certificates):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{certificates}/{FAULTS[fault]}.pem", f"{certificates}/{FAULTS[fault]}.key")
    # The client of 2019 offers ciphers that OpenSSL refuses by default.
    context.set_ciphers("ALL:@SECLEVEL=0")
    if fault == "versions":
        context.minimum_version = ssl.TLSVersion.TLSv1_3
    else:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    if fault == "wants-client-cert":
        context.load_verify_locations(f"{certificates}/ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def relay(stream, port):
    """Forwards both directions until either side closes."""
    with socket.create_connection(("127.0.0.1", port)) as server:
        connect_seen = False
        while True:
            # TLS may have decrypted more than was read, which select does not see.
            ready = [stream] if stream.pending() else select.select([stream, server], [], [])[0]
            for source, target in ((stream, server), (server, stream)):
                if source not in ready:
                    continue
                data = source.recv(65536)
                if not data:
                    return
                if not connect_seen:
                    tell("connect")
                    connect_seen = True
                target.sendall(data)


def answer(stream, fault, certificates, relay_port):
    try:
        if FAULTS[fault]:
            stream = tls_context(fault, certificates).wrap_socket(stream, server_side=True)
            tell("agreed")
            if relay_port:
                relay(stream, relay_port)
                return
        elif fault == "silent":
            threading.Event().wait()
        elif fault != "plain":
            if not stream.recv(4096):
                return  # a look whether the port is open, as `passmint check` takes one
            if fault == "reset":
                stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif fault == "http":
                stream.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
            return
        if read_packet(stream) is not None:
            tell("connect")
            stream.sendall(refusal(12514))
            stream.recv(1)
    except OSError as error:  # ssl.SSLError is one
        tell(f"ended {type(error).__name__}")
    finally:
        stream.close()


def accept(server, options):
    while True:
        stream, _ = server.accept()
        stream.settimeout(30)
        arguments = (stream, options.fault, options.certificates, options.relay)
        threading.Thread(target=answer, args=arguments, daemon=True).start()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fault", choices=FAULTS)
    parser.add_argument("certificates")
    parser.add_argument("--relay", type=int, default=0)
    options = parser.parse_args()
    with socket.create_server(("127.0.0.1", 0)) as server:
        tell(f"port {server.getsockname()[1]}")
        threading.Thread(target=accept, args=(server, options), daemon=True).start()
        sys.stdin.read()


main()
