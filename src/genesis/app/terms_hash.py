"""The hash of the terms of a run: every number that is part of them, exactly, whatever the words for people round."""

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Any

from attrs import fields, has

from genesis.app.backtest import Terms
from genesis.app.json_output import Json
from genesis.domain.strategy.by_events import ByEvents
from genesis.domain.strategy.expression import Expr


def terms_sha256(terms: Terms) -> str:
    """Return a hash that is equal for equal terms alone; the candles of other instruments have hashes of their own."""
    return hashlib.sha256(json.dumps(_said(terms), sort_keys=True).encode()).hexdigest()


def _said(value: object) -> Json:
    match value:
        case Expr() | ByEvents() | Decimal():
            return str(value)
        case Enum():
            return value.name
        case None | bool() | int() | float() | str():
            return value
        case tuple() | list():
            return [_said(each) for each in value]
        case Mapping():
            return [[_said(name), _said(each)] for name, each in value.items()]
    kind: Any = type(value)  # Any: what attrs made is known only once it was asked
    if not has(kind):
        raise TypeError(f"terms have a {kind.__name__}, which has no words")
    said = {each.name: _said(getattr(value, each.name)) for each in fields(kind) if each.eq}
    return {"is": kind.__name__, **said}
