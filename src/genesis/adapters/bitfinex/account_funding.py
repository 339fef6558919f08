"""Funding offers over the account's connection: `fon` and `foc`.

Their notifications show id, amount, rate and period of an offer and leave the rest null, so that an id is all there is
to return. Source: Bitfinex documentation, "New Offer", "Cancel Offer".
"""

from genesis.adapters.bitfinex.asking import Asking
from genesis.adapters.bitfinex.convert import funding
from genesis.adapters.bitfinex.inputs import Key, OfferEchoRow
from genesis.adapters.bitfinex.wire.requests import FundingOfferCancel
from genesis.domain.exchange.funding import FundingOfferRequest
from genesis.domain.order import Side
from genesis.domain.units import decimal_from_atoms


async def submit(asking: Asking, offer: FundingOfferRequest) -> int:
    """Send an offer and return its id."""
    amount = decimal_from_atoms(offer.amount)
    signed = amount if offer.side is Side.SELL else -amount
    key = Key(offer=(offer.symbol, signed, offer.period_days))
    notified = await asking.ask("fon", funding.funding_offer_to_wire(offer), key)
    offer_id = notified.one(OfferEchoRow, lambda row: row.id)
    if offer_id is None:
        raise notified.asked.unknown("the echo of the offer has no id")
    return offer_id


async def cancel(asking: Asking, offer_id: int) -> None:
    """Ask to cancel an offer; returns once the exchange agrees."""
    await asking.ask("foc", FundingOfferCancel(id=offer_id), Key(id=offer_id))
