"""R8: mutated frames of the account raise nothing, whatever waits for an answer, and each is told or kept."""

import random
from decimal import Decimal

from genesis.adapters.bitfinex.account_line import AccountLine, AccountRules
from genesis.adapters.bitfinex.happenings import Ring
from genesis.adapters.bitfinex.inputs import Key, Request
from genesis.adapters.memory.metrics import MemoryMetrics
from tests.property.test_order_frames import FRAMES

OFFER = "[41,null,null,null,100,null,null,null,null,null,null,null,null,null,0.1,30]"
SEEDS = (
    *(f"[0,{frame},5,1,1700000000999]" for frame in FRAMES),
    '[0,"wu",["exchange","USD",949.75,0,null,"x",null],3,0,1]',
    '[0,"miu",["sym","tBTCUSD",[1,2,3,4]],3,0,1]',
    '[0,"n",[1,"oc-req",null,null,[[12,null,77]],null,"ERROR","x"],3,0,1]',
    f'[0,"n",[1,"fon-req",null,null,{OFFER},null,"SUCCESS","x"],3,0,1]',
    '[0,"hb",4,1]',
    '{"event":"auth","status":"OK","caps":{"a":1}}',
    '{"event":"error","code":10100,"msg":"auth: dup"}',
)
BITS = (
    "1e999999",
    "NaN",
    "9" * 30,
    "9" * 5000,
    "null",
    '"x"',
    "[]",
    "{}",
    "true",
    "-0",
    "[" * 2000,
    "]]",
    "\ud800",
    "²",
)
KEYS = (("on-req", Key(cid=77)), ("oc-req", Key(id=12)), ("fon-req", Key(offer=("fUSD", Decimal(100), 30))))


def mutated(text: str, rng: random.Random) -> str:
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(text) + 1)
        cut = at + rng.randint(0, 8)
        text = text[:at] + rng.choice((rng.choice(BITS), "", chr(rng.randrange(32, 300)))) + text[cut:]
    return text


def opened() -> AccountLine:
    line = AccountLine(AccountRules(), lambda _: True, MemoryMetrics(), Ring(), 0.0)
    line.receive('{"event":"info","version":2,"platform":{"status":1}}')
    line.auth_sent(0.0)
    line.receive('{"event":"auth","status":"OK","chanId":0}')
    return line


def test_r8_twenty_thousand_mutated_account_frames_raise_nothing() -> None:
    rng = random.Random(3)
    line = opened()
    for number in range(20_000):
        if number % 100 == 0:
            line = opened()
            for answer, key in KEYS:
                line.requests.add(Request(answer, key, "", 10.0, lambda _: None))
        line.receive(mutated(rng.choice(SEEDS), rng))
    line.settle_all()
    assert len(line.requests) == 0
