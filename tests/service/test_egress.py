"""Fault F63: whatever address somebody gives, nothing inside is reached; a server on loopback counts who gets through."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpcore
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from evenstock.service.egress import Answer, Egress, FailedDelivery, RefusedAddress, special


class Twin(ThreadingHTTPServer):
    """A receiver that counts, and answers as the path says."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Receiver)
        self.hits: list[tuple[str, dict[str, str], bytes]] = []
        self.port = self.server_address[1]


class Receiver(BaseHTTPRequestHandler):
    server: Twin

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.hits.append((self.path, dict(self.headers), body))
        what = self.path.strip("/")
        if what == "redirect":
            self.send_response(302)
            self.send_header("Location", f"http://127.0.0.1:{self.server.port}/secret")
            self.end_headers()
        elif what == "large":
            self.send_response(200)
            self.end_headers()
            self._drip(b"x" * 10_000, 100, 0)
        elif what == "drip":
            self.send_response(200)
            self.end_headers()
            self._drip(b"x", 100, 0.05)
        elif what == "drip-head":
            self._drip(b"HTTP/1.1 200 OK\r\n", 1, 0)
            self._drip(b"X-A: b\r\n", 100, 0.05)
        elif what == "silent":
            time.sleep(2)
        elif what == "rubbish":
            self.wfile.write(b"\0\1\2 no http at all\r\n\r\n")
        else:
            self.send_response(int(what) if what.isdigit() else 200)
            self.send_header("Content-Type", "text/plain")
            self.end_headers()
            self.wfile.write(b"thanks")

    do_GET = do_POST  # noqa: N815

    def _drip(self, part: bytes, times: int, pause_s: float) -> None:
        try:
            for _ in range(times):
                self.wfile.write(part)
                self.wfile.flush()
                time.sleep(pause_s)
        except OSError:
            pass

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(autouse=True)
def reached(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Addresses that were connected to; nothing leaves this machine."""
    addresses: list[str] = []
    connect = httpcore.SyncBackend.connect_tcp

    def connecting(self: httpcore.SyncBackend, host: str, *rest: Any) -> httpcore.NetworkStream:
        addresses.append(host)
        if host != "127.0.0.1":
            raise httpcore.ConnectError(f"{host} is not of this machine")
        return connect(self, host, *rest)

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connecting)
    return addresses


@pytest.fixture
def twin() -> Iterator[Twin]:
    server = Twin()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


FORBIDDEN = [
    "https://127.0.0.1:{port}/",
    "https://127.1:{port}/",
    "https://127.0.1:{port}/",
    "https://2130706433:{port}/",
    "https://0x7f000001:{port}/",
    "https://0x7f.0.0.1:{port}/",
    "https://0177.0.0.1:{port}/",
    "https://0177.0.0.01:{port}/",
    "https://017700000001:{port}/",
    "https://127.0.0.1.:{port}/",
    "https://[::1]:{port}/",
    "https://[::]:{port}/",
    "https://[::ffff:127.0.0.1]:{port}/",
    "https://[::ffff:7f00:1]:{port}/",
    "https://[::127.0.0.1]:{port}/",
    "https://[64:ff9b::7f00:1]:{port}/",
    "https://[2002:7f00:1::]:{port}/",
    "https://[fe80::1%25lo]:{port}/",
    "https://[fc00::1]:{port}/",
    "https://0.0.0.0:{port}/",
    "https://0:{port}/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[fd00:ec2::254]/latest/meta-data/",
    "https://100.100.100.200/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://192.0.2.1/",
    "http://93.184.215.14/",
    "http://127.0.0.1:{port}/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/_GET",
    "ftp://127.0.0.1:{port}/",
    "dict://127.0.0.1:{port}/",
    "javascript:alert(1)",
    "//127.0.0.1:{port}/",
    "127.0.0.1:{port}",
    "https://",
    "https:///path",
    "",
    "https://user:secret@127.0.0.1:{port}/",
    "https://good.example\\@127.0.0.1:{port}/",
    "https://good.example#@127.0.0.1:22/",
    "https://127.0.0.1:{port}\t/",
    "https://127。0。0。1:{port}/",
    "https://①②⑦.⓪.⓪.①:{port}/",
    "https://localhost:{port}/",
    "https://localhost.:{port}/",
    "https://good.example:22/",
    "https://good.example:6553600/",
    "https://rebound.example:{port}/",
    "https://mixed.example:{port}/",
]


def names(host: str, _port: int) -> list[str]:
    """The names of these tests; `rebound` is public when it is asked first, and inside ever after."""
    told = {
        "mixed.example": ["93.184.215.14", "127.0.0.1"],
        "inside.example": ["10.1.2.3"],
        "localhost": ["127.0.0.1", "::1"],
        "localhost.": ["127.0.0.1"],
        "good.example": ["93.184.215.14"],
        "rebound.example": ["127.0.0.1"],
        "receiver.example": ["127.0.0.1"],
    }
    if host not in told:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")
    return told[host]


@pytest.mark.parametrize("url", FORBIDDEN)
def test_no_way_of_writing_it_reaches_inside(url: str, twin: Twin, reached: list[str]) -> None:
    with pytest.raises((RefusedAddress, FailedDelivery)) as refused:
        Egress(resolve=names, longest_s=0.5).post(url.format(port=twin.port), b"{}", {})
    assert twin.hits == []
    if "good.example#" in url:
        assert reached == ["93.184.215.14"]
    else:
        assert (refused.type, reached) == (RefusedAddress, [])


def test_the_same_addresses_are_refused_with_private_ones_allowed_where_no_receiver_can_be() -> None:
    egress = Egress(private=True, resolve=names, longest_s=0.5)
    for url in (
        "http://169.254.169.254/",
        "http://[fd00:ec2::254]/",
        "http://0.0.0.0/",
        "http://224.0.0.1/",
        "file:///x",
    ):
        with pytest.raises(RefusedAddress):
            egress.post(url, b"", {})


def test_a_name_is_resolved_once_and_the_connection_goes_to_what_was_looked_at(twin: Twin, reached: list[str]) -> None:
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        """Public for whoever looks first, inside for whoever asks again."""
        asked.append(host)
        return ["93.184.215.14"] if len(asked) == 1 else ["127.0.0.1"]

    with pytest.raises(FailedDelivery):
        Egress(resolve=rebinding, longest_s=0.4).post(f"https://rebound.example:{twin.port}/", b"", {})
    assert asked == ["rebound.example"]
    assert (reached, twin.hits) == (["93.184.215.14"], [])


def test_the_allow_list_names_hosts_and_stars() -> None:
    egress = Egress("hooks.example.com; *.example.org", resolve=names)
    for host in ("hooks.example.com", "HOOKS.example.com", "a.example.org", "a.b.example.org"):
        assert egress.permitted(f"https://{host}/x").host == host.lower()
    for host in ("example.com", "evil-hooks.example.com", "hooks.example.com.evil.net", "example.org", "aexample.org"):
        with pytest.raises(RefusedAddress, match="not among the hosts"):
            egress.permitted(f"https://{host}/x")


def test_a_host_on_the_list_is_refused_where_its_address_is_inside() -> None:
    with pytest.raises(RefusedAddress, match="private address"):
        Egress("inside.example", resolve=names).post("https://inside.example/", b"", {})


@pytest.fixture
def inside() -> Egress:
    return Egress(private=True, resolve=names, longest_s=0.6)


def test_a_delivery_arrives_with_its_body_its_headers_and_the_name_it_was_sent_to(twin: Twin, inside: Egress) -> None:
    answer = inside.post(f"http://receiver.example:{twin.port}/201", b'{"a": 1}', {"Webhook-Id": "7", "Host": "evil"})
    assert (answer.status, answer.body) == (201, b"thanks")
    ((path, headers, body),) = twin.hits
    assert (path, body, headers["Webhook-Id"]) == ("/201", b'{"a": 1}', "7")
    assert headers["Host"] == f"receiver.example:{twin.port}"


def test_a_redirect_is_an_answer_and_is_not_followed(twin: Twin, inside: Egress) -> None:
    assert inside.post(f"http://127.0.0.1:{twin.port}/redirect", b"", {}).status == 302
    assert [path for path, _, _ in twin.hits] == ["/redirect"]


def test_of_a_long_answer_64_kilobytes_are_read(twin: Twin, inside: Egress) -> None:
    assert len(inside.post(f"http://127.0.0.1:{twin.port}/large", b"", {}).body) == 64_000
    with pytest.raises(FailedDelivery, match="more than 1,000 bytes"):
        inside.get(f"http://127.0.0.1:{twin.port}/large", largest=1_000)


@pytest.mark.parametrize("how", ["drip", "drip-head", "silent"])
def test_however_slowly_it_drips_the_whole_ends_in_time(how: str, twin: Twin, inside: Egress) -> None:
    began = time.monotonic()
    with pytest.raises(FailedDelivery, match=r"within 0\.6 s"):
        inside.post(f"http://127.0.0.1:{twin.port}/{how}", b"", {})
    assert time.monotonic() - began < 1.5


def test_a_name_that_takes_too_long_to_resolve_ends_in_time() -> None:
    def slow(_host: str, _port: int) -> list[str]:
        time.sleep(0.6)
        return ["127.0.0.1"]

    with pytest.raises(FailedDelivery, match="cannot be resolved"):
        Egress(private=True, resolve=slow, longest_s=0.2).post("http://slow.example/", b"", {})


@pytest.mark.parametrize("how", ["rubbish", "nobody"])
def test_what_is_no_answer_is_a_failed_delivery(how: str, twin: Twin, inside: Egress) -> None:
    port = twin.port
    if how == "nobody":
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
    with pytest.raises(FailedDelivery):
        inside.post(f"http://127.0.0.1:{port}/rubbish", b"", {})


def test_a_header_cannot_smuggle_a_second_request(twin: Twin, inside: Egress) -> None:
    with pytest.raises(FailedDelivery):
        inside.post(f"http://127.0.0.1:{twin.port}/", b"", {"X": "a\r\n\r\nGET /secret HTTP/1.1"})
    assert twin.hits == []


def test_errors_tell_no_secret_of_the_address(inside: Egress) -> None:
    with pytest.raises(FailedDelivery) as failed:
        inside.post("http://unknown.example/hook?token=canary#canary", b"canary", {"Authorization": "canary"})
    assert "canary" not in str(failed.value)


def test_clients_of_httpx_go_the_same_way(twin: Twin, inside: Egress) -> None:
    with httpx.Client(transport=inside.transport()) as client:
        answer = client.get(f"http://receiver.example:{twin.port}/200")
        assert (answer.text, answer.headers["content-type"]) == ("thanks", "text/plain")
        with pytest.raises(RefusedAddress):
            client.get("http://169.254.169.254/")


def test_every_address_of_special_use_is_told_from_public_ones() -> None:
    networks = "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 "
    networks += "192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 ::/128 ::1/128 "
    networks += "::ffff:0:0/104 64:ff9b:1::/48 100::/64 2001:db8::/32 fc00::/7 fe80::/10 ff00::/8"
    for network in map(ipaddress.ip_network, networks.split()):
        for address in (network[0], network[-1], network[network.num_addresses // 2]):
            assert special(address), address
    for public in (
        "93.184.215.14",
        "8.8.8.8",
        "2606:2800:21f:cb07:6820:80da:af6b:8b2c",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
    ):
        assert special(ipaddress.ip_address(public)) == ""


class Secured:
    """A receiver with TLS, whose certificate names `receiver.example`."""

    def __init__(self, folder: Path) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver.example")])
        now = dt.datetime.now(dt.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("receiver.example")]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        both = folder / "both.pem"
        both.write_bytes(
            pem
            + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        self.trust = ssl.create_default_context(cadata=pem.decode())
        self.told: list[str | None] = []
        serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        serving.load_cert_chain(both)
        serving.sni_callback = lambda _s, name, _c: self.told.append(name)
        self.twin = Twin()
        self.twin.socket = serving.wrap_socket(self.twin.socket, server_side=True)
        threading.Thread(target=self.twin.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[Secured]:
    made = Secured(tmp_path)
    yield made
    made.twin.shutdown()
    made.twin.server_close()


def test_over_tls_the_certificate_is_held_against_the_name_though_the_address_is_pinned(secured: Secured) -> None:
    egress = Egress(private=True, resolve=names, tls=secured.trust, longest_s=2)
    answer = egress.post(f"https://receiver.example:{secured.twin.port}/", b"x", {})
    assert isinstance(answer, Answer)
    assert answer.status == 200
    assert secured.told == ["receiver.example"]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_certificate_of_another_name_is_refused(host: str, secured: Secured) -> None:
    egress = Egress(private=True, resolve=names, tls=secured.trust, longest_s=2)
    with pytest.raises(FailedDelivery):
        egress.post(f"https://{host}:{secured.twin.port}/", b"x", {})
    assert secured.twin.hits == []


def test_a_certificate_of_nobody_we_trust_is_refused(secured: Secured) -> None:
    with pytest.raises(FailedDelivery):
        Egress(private=True, resolve=names, longest_s=2).post(
            f"https://receiver.example:{secured.twin.port}/", b"x", {}
        )
    assert secured.twin.hits == []
