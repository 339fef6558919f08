"""Telegram: a bot that writes into one chat. Source: Telegram Bot API, "sendMessage", "Making requests"."""

import json
import ssl
from typing import Final

import msgspec

from genesis.adapters.alerts.destination import AllowList, destination
from genesis.adapters.alerts.posting import TOTAL_S, judged, post
from genesis.adapters.alerts.webhook import line_of
from genesis.ports.alerts import Notice, Undelivered
from genesis.ports.errors import InputError
from genesis.ports.secrets import Secret

BASE: Final = "https://api.telegram.org"
HOST: Final = "api.telegram.org"
TEXT_CHARS_MAX: Final = 4_096


class _Parameters(msgspec.Struct, frozen=True):
    retry_after: float = 0.0


class _Answer(msgspec.Struct, frozen=True):
    ok: bool = False
    parameters: _Parameters = _Parameters()


class TelegramAlerts:
    """Writes as the bot of *token* into *chat*."""

    name: Final = "telegram"

    def __init__(
        self,
        token: Secret,
        chat: str,
        allowed: AllowList,
        *,
        base: str = BASE,
        total_s: float = TOTAL_S,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """Take bot and chat; raises `InputError` for a token that is none, or a base that alerts may not go to."""
        if not all(part.replace("_", "").replace("-", "").isalnum() for part in token.reveal().split(":", 1)):
            raise InputError("GENESIS_ALERT_TELEGRAM_TOKEN is no token of a bot: it looks like 123456:ABC-def")
        if not chat.strip():
            raise InputError("GENESIS_ALERT_TELEGRAM_CHAT is missing: the number or @name of the chat to write into")
        self._where = destination(base, allowed)
        self._base = base
        self._token = token
        self._chat = chat.strip()
        self._total_s = total_s
        self._ssl_context = ssl_context

    async def deliver(self, notice: Notice) -> None:
        """Send *notice* as plain text; see the port."""
        text = line_of(notice)[:TEXT_CHARS_MAX]
        body = json.dumps({"chat_id": self._chat, "text": text, "disable_web_page_preview": True}).encode()
        url = f"{self._base}/bot{self._token.reveal()}/sendMessage"
        posted = await post(self._where, url, body, total_s=self._total_s, ssl_context=self._ssl_context)
        try:
            answer = msgspec.json.decode(posted.body, type=_Answer)
        except msgspec.DecodeError:
            answer = _Answer()
        judged(self._where, posted, answer.parameters.retry_after)
        if not answer.ok:
            raise Undelivered(f"{self._where}: the answer is not Telegram's")
