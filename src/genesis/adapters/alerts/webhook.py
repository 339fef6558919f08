"""A webhook: one JSON object a notice, with the fields under which chat services look for a text."""

import hashlib
import json
import ssl
from typing import Final

from genesis.adapters.alerts.destination import AllowList, destination
from genesis.adapters.alerts.posting import TOTAL_S, judged, post
from genesis.ports.alerts import Notice
from genesis.ports.secrets import Secret


class WebhookAlerts:
    """Posts to a URL, which is a secret: whoever has it may post, too."""

    name: Final = "webhook"

    def __init__(
        self, url: Secret, allowed: AllowList, *, total_s: float = TOTAL_S, ssl_context: ssl.SSLContext | None = None
    ) -> None:
        """Take the address; raises `InputError` for one that alerts may not go to."""
        self._where = destination(url.reveal(), allowed)
        self._url = url
        self._total_s = total_s
        self._ssl_context = ssl_context

    async def deliver(self, notice: Notice) -> None:
        """Post *notice*; see the port."""
        body = json.dumps(webhook_body(notice)).encode()
        url = self._url.reveal()
        judged(self._where, await post(self._where, url, body, total_s=self._total_s, ssl_context=self._ssl_context))


def webhook_body(notice: Notice) -> dict[str, object]:
    """Return what is posted. `id` is the same for the same notice; `text` and `content` are one line for people."""
    line = line_of(notice)
    return {
        "id": hashlib.sha256(f"{notice.key} {notice.mts}".encode()).hexdigest()[:32],
        "source": notice.source,
        "event": notice.name,
        "category": notice.category,
        "severity": notice.severity,
        "time_mts": notice.mts,
        "text": line,
        "content": line,
    }


def line_of(notice: Notice) -> str:
    """Return the notice as one line."""
    return f"[{notice.severity}] {notice.source}: {notice.text}"
