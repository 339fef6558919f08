"""Signed funding: offers, loans and credits, read, submitted, cancelled."""

from collections.abc import Callable
from typing import Final, TypeVar

from genesis.adapters.bitfinex import endpoints
from genesis.adapters.bitfinex.convert import funding
from genesis.adapters.bitfinex.endpoints import Endpoint
from genesis.adapters.bitfinex.log import telling_unknown
from genesis.adapters.bitfinex.rest_client import RestClient
from genesis.adapters.bitfinex.wire import funding as wire
from genesis.adapters.bitfinex.wire.requests import FundingCancelAll, FundingOfferCancel
from genesis.domain.exchange.funding import FundingLoan, FundingOffer, FundingOfferRequest
from genesis.domain.units import Currency, Symbol, decimal_from_atoms

R = TypeVar("R")
V = TypeVar("V")

NEW: Final = frozenset({"fon-req", "on-req"})
"""What live answers say, and what the reference says."""

CANCELED: Final = frozenset({"foc-req", "on-req"})
CANCELED_ALL: Final = frozenset({"foc_all-req", "on-req"})


class BitfinexFunding:
    """Reads and writes funding; a `FundingDesk`."""

    def __init__(self, client: RestClient) -> None:
        self._client = client

    async def funding_offers(self, symbol: Symbol | None = None) -> list[FundingOffer]:
        """`auth/r/funding/offers[/fSYM]`: the open offers."""
        endpoint = _of(endpoints.FUNDING_OFFERS, endpoints.FUNDING_OFFERS_OF, symbol)
        return await self._list(endpoint, wire.FundingOfferRow, funding.funding_offer_from_wire)

    async def funding_loans(self, symbol: Symbol | None = None) -> list[FundingLoan]:
        """`auth/r/funding/loans[/fSYM]`: funds that no position uses."""
        endpoint = _of(endpoints.FUNDING_LOANS, endpoints.FUNDING_LOANS_OF, symbol)
        return await self._list(endpoint, wire.FundingLoanRow, funding.funding_loan_from_wire)

    async def funding_credits(self, symbol: Symbol | None = None) -> list[FundingLoan]:
        """`auth/r/funding/credits[/fSYM]`: funds that positions use."""
        endpoint = _of(endpoints.FUNDING_CREDITS, endpoints.FUNDING_CREDITS_OF, symbol)
        return await self._list(endpoint, wire.FundingCreditRow, funding.funding_loan_from_wire)

    async def submit_funding_offer(self, offer: FundingOfferRequest) -> FundingOffer:
        """`auth/w/funding/offer/submit`: send an offer and return its echo."""
        body = funding.funding_offer_to_wire(offer)
        with telling_unknown():
            notified = await self._client.write(endpoints.FUNDING_SUBMIT.at(), body, NEW, f"fon-{offer.symbol}")
            echo = notified.one(wire.FundingOfferRow, funding.funding_offer_from_wire)
            asked = (offer.symbol, offer.side, decimal_from_atoms(offer.amount), offer.period_days)
            if (echo.symbol, echo.side, echo.amount, echo.period_days) != asked:
                raise notified.asked.unknown(f"the echo is another offer's: {echo}")
            return echo

    async def cancel_funding_offer(self, offer_id: int) -> FundingOffer:
        """`auth/w/funding/offer/cancel`: ask to cancel an offer and return it as it was before."""
        body = FundingOfferCancel(id=offer_id)
        with telling_unknown():
            notified = await self._client.write(endpoints.FUNDING_CANCEL.at(), body, CANCELED, f"foc-{offer_id}")
            echo = notified.one(wire.FundingOfferRow, funding.funding_offer_from_wire)
            if echo.id != offer_id:
                raise notified.asked.unknown(f"the echo is offer {echo.id}'s, {offer_id} was cancelled")
            return echo

    async def cancel_all_funding_offers(self, currency: Currency | None = None) -> None:
        """`auth/w/funding/offer/cancel/all`: ask to cancel all offers, of one currency or of all."""
        body = FundingCancelAll(currency=currency)
        with telling_unknown():
            await self._client.write(endpoints.FUNDING_CANCEL_ALL.at(), body, CANCELED_ALL, "foc_all")

    async def _list(self, endpoint: Endpoint, wanted: type[R], convert: Callable[[R], V]) -> list[V]:
        return await self._client.rows(endpoint, wanted, convert)


def _of(every: Endpoint, one: Endpoint, symbol: Symbol | None) -> Endpoint:
    return every.at() if symbol is None else one.at(symbol=symbol)
