"""A Key Vault and the sign-in that it asks for, over TLS on loopback, for the real library on the other end."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import trustme
from aiohttp import web

DOMAIN = "vault.test"
TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT_SECRET = "Vq8" + "~planted-client-secret~Zt5"

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class KeyVault:
    """What the vault holds, what it answers instead, and what it was asked."""

    def __init__(self) -> None:
        self.port = 0
        self.secrets: dict[str, list[dict[str, Any]]] = {}  # Any: JSON
        self.instead: Answer | None = None
        self.resource = f"https://{DOMAIN}"
        self.token = "eyJ0eXAi.planted-access-token-1234567890.x"
        self.token_answer: tuple[int, dict[str, Any]] | None = None  # Any: JSON
        self.asked: list[str] = []
        self.tokens_seen: list[str] = []
        self.elsewhere: list[str] = []

    def put(self, name: str, value: str, **attributes: Any) -> str:  # Any: JSON
        versions = self.secrets.setdefault(name, [])
        version = f"{len(versions) + 1:032x}"
        versions.append({"value": value, "version": version, "attributes": {"enabled": True, **attributes}})
        return version

    async def secret(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        seen = request.headers.get("authorization", "")
        if not request.host.endswith(f".{DOMAIN}"):
            self.elsewhere.append(seen)
        self.tokens_seen.append(seen)
        if seen != f"Bearer {self.token}":
            login = f"https://login.{DOMAIN}/{TENANT}"
            challenge = f'Bearer authorization="{login}", resource="{self.resource}"'
            return web.json_response(
                {"error": {"code": "Unauthorized"}}, status=401, headers={"WWW-Authenticate": challenge}
            )
        if self.instead is not None:
            return await self.instead(request)
        name, wanted = request.match_info["name"], request.match_info.get("version", "")
        versions = self.secrets.get(name, [])
        found = next((each for each in reversed(versions) if wanted in ("", each["version"])), None)
        if found is None:
            return web.json_response({"error": {"code": "SecretNotFound", "message": "not found"}}, status=404)
        if not found["attributes"]["enabled"]:
            error = {"code": "Forbidden", "message": "disabled", "innererror": {"code": "SecretDisabled"}}
            return web.json_response({"error": error}, status=403)
        identity = f"https://v.{DOMAIN}/secrets/{name}/{found['version']}"
        return web.json_response({"value": found["value"], "id": identity, "attributes": found["attributes"]})

    async def openid(self, _: web.Request) -> web.StreamResponse:
        login = f"https://login.{DOMAIN}/{TENANT}"
        return web.json_response(
            {
                "token_endpoint": f"{login}/oauth2/v2.0/token",
                "authorization_endpoint": f"{login}/oauth2/v2.0/authorize",
                "issuer": f"{login}/v2.0",
            }
        )

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        if self.token_answer is not None:
            status, body = self.token_answer
            return web.json_response(body, status=status)
        form = await request.post()
        if form.get("client_secret") != CLIENT_SECRET:
            return web.json_response({"error": "invalid_client"}, status=401)
        return web.json_response({"token_type": "Bearer", "expires_in": 3600, "access_token": self.token})


@contextmanager
def serving(vault: KeyVault) -> Iterator[str]:
    """Serve *vault* from a thread of its own; give the path of the certificate that vouches for it."""
    authority = trustme.CA()
    certificate = authority.issue_cert(f"*.{DOMAIN}", "elsewhere.test")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    application = web.Application()
    application.router.add_get("/secrets/{name}/{version}", vault.secret)
    application.router.add_get("/secrets/{name}/", vault.secret)
    application.router.add_get("/secrets/{name}", vault.secret)
    application.router.add_get(f"/{TENANT}/v2.0/.well-known/openid-configuration", vault.openid)
    application.router.add_post(f"/{TENANT}/oauth2/v2.0/token", vault.sign_in)
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(application, shutdown_timeout=0.01)
    servers: list[asyncio.AbstractServer] = []

    async def start() -> None:
        await runner.setup()
        listener = socket.create_server(("127.0.0.1", 0))
        vault.port = listener.getsockname()[1]
        assert runner.server is not None
        server = await loop.create_server(runner.server, sock=listener, ssl=context, ssl_shutdown_timeout=0.01)
        servers.append(server)

    async def stop() -> None:
        for server in servers:
            server.close()
        await runner.cleanup()
        await asyncio.sleep(0.05)  # TLS says goodbye for a hundredth of a second, whoever listens

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(start(), loop).result(20)
    with authority.cert_pem.tempfile() as bundle:
        try:
            yield bundle
        finally:
            asyncio.run_coroutine_threadsafe(stop(), loop).result(20)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(20)
            loop.close()


@contextmanager
def own_names(vault: KeyVault) -> Iterator[None]:
    """Let every name under `.test` be *vault*, on this machine: the library compares names, ports included."""
    real = socket.getaddrinfo

    def lookup(host: Any, port: Any, *rest: Any, **more: Any) -> Any:  # Any: handed on as they are
        name = host.decode() if isinstance(host, bytes) else host
        is_ours = isinstance(name, str) and name.endswith(".test")
        return real("127.0.0.1", vault.port, *rest, **more) if is_ours else real(host, port, *rest, **more)

    socket.getaddrinfo = lookup
    try:
        yield
    finally:
        socket.getaddrinfo = real
