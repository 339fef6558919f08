"""One connection for public channels, without IO: frames and time go in; texts to send, events and happenings come out.

The shell (`session`) hands every message to `receive`, calls `tick` about twice a second, sends what is in
`outgoing`, takes what is in `happenings`, and closes the socket once `ended` says why. A connection is used once;
after a loss the next one starts empty and its owner subscribes again.

What it watches: that the greeting comes, that requests are answered, that the line is alive (a ping when nothing was
heard for a while), that every channel speaks (the exchange sends heartbeats every 15 s), that numbering has no gap,
that books agree with their checksums and are not crossed for long. A doubtful channel is unsubscribed and subscribed
anew, alone; a doubtful connection ends. Frames that cannot be read, and those of channels nobody asked for, are
counted; the former are kept, the last few, for diagnosis.
"""

from collections import deque

from genesis.adapters.bitfinex import control
from genesis.adapters.bitfinex.control import Flags
from genesis.adapters.bitfinex.frames import FRAME_CHARS_MAX, UNREADABLE, compacted, decode_any, sequence_of
from genesis.adapters.bitfinex.happenings import (
    ConnectionRules,
    Full,
    Happening,
    LinkChanged,
    Refused,
    Ring,
    Subscribed,
    Subscription,
    Unsubscribed,
    refusal,
)
from genesis.adapters.bitfinex.maintenance import Pause
from genesis.adapters.bitfinex.reader import BookShape, Reader, Sink
from genesis.adapters.bitfinex.readers import reader_for
from genesis.adapters.bitfinex.readers_book import empty_book
from genesis.domain.book import Book
from genesis.domain.channel import BookChannel, Channel, channel_name
from genesis.domain.link import Link
from genesis.domain.market import Gap, GapReason
from genesis.ports.errors import ExchangeError, OutcomeUnknown, ProtocolViolation
from genesis.ports.metrics import Metrics


class Connection:
    """The life of one connection; see the module."""

    def __init__(self, rules: ConnectionRules, sink: Sink, metrics: Metrics, ring: Ring, now_s: float) -> None:
        self.outgoing: deque[str] = deque([control.conf_text(rules.asked_flags)] if rules.asked_flags else ())
        self.happenings: deque[Happening] = deque()
        self.ended = ""
        """Why the connection must be closed; empty while it lives."""
        self._rules = rules
        self._sink = sink
        self._metrics = metrics
        self._ring = ring
        self._now_s = self._opened_s = self._heard_s = now_s
        self._was_heard = True
        self._pinged_s: float | None = None
        self._pings = 0
        self._requests = 0
        self._link: Link | None = None
        self._pause = Pause(rules.maintenance_s, rules.status_is_polled)
        self._expected: int | None = None
        self._channels: dict[Channel, Subscription] = {}
        self._readers: dict[str, Reader] = {}
        self._by_id: dict[int, Subscription] = {}

    def __len__(self) -> int:
        """Return how many channels it holds or asks for."""
        return len(self._channels)

    def __contains__(self, channel: Channel) -> bool:
        return channel in self._channels

    @property
    def is_open(self) -> bool:
        """Whether the exchange has greeted and is operative."""
        return self._link is Link.OPEN

    @property
    def wants_status(self) -> bool:
        """Whether the platform's status would tell whether maintenance goes on."""
        return self._link is Link.MAINTENANCE and self._pause.wants_status(self._now_s)

    def platform_said(self, is_operative: bool) -> None:
        """Take the platform's status: once it is operative again, a new greeting has to say so too."""
        if is_operative and self.wants_status:
            self._end("the platform is operative again; a new greeting will tell")

    def subscribe(self, channel: Channel, book: Book | None = None) -> None:
        """Ask for a channel, at once or when the platform is operative; *book* will be kept, if it is one of a book.

        A channel that is leaving is asked for again once it has left.
        """
        before = self._channels.get(channel)
        if before is not None and not before.is_leaving:
            return
        if book is None and isinstance(channel, BookChannel) and self._rules.keeps_books:
            book = empty_book(channel)
        if before is None:
            self._begin(Subscription(channel, book))
        else:
            before.successor = Subscription(channel, book)

    def unsubscribe(self, channel: Channel) -> None:
        """Ask for the end of a channel; it is over when `Unsubscribed` happens."""
        subscription = self._channels.get(channel)
        if subscription is None:
            self.happenings.append(Unsubscribed(channel))
            return
        subscription.is_leaving, subscription.successor = True, None
        if subscription.channel_id:
            self._leave(subscription)
        elif subscription.asked_s is None:
            self._forget(subscription)

    def receive(self, frame: str) -> None:
        """Take one message."""
        reader = self._readers.get(frame.partition(",")[0])
        if reader is None:
            self._other(frame)
            return
        try:
            sequence = reader.read(frame)
        except UNREADABLE as problem:
            self._misread(reader, frame, problem)
            return
        if sequence is not None:
            if sequence == self._expected:
                self._expected = sequence + 1
            else:
                self._audit(sequence)

    def tick(self, now_s: float) -> None:
        """Let time pass: look at everything that may have taken too long."""
        self._now_s = now_s
        rules = self._rules
        if self._was_heard or any(reader.had_data or reader.was_heard for reader in self._readers.values()):
            self._was_heard, self._heard_s, self._pinged_s = False, now_s, None
        if self._link is None and now_s - self._opened_s >= rules.greeting_s:
            self._end("the exchange did not greet")
        elif self._pinged_s is not None and now_s - self._pinged_s >= rules.pong_s:
            self._end("nothing was heard after a ping")
        elif self._link is Link.MAINTENANCE and self._pause.is_too_long(now_s):
            self._end("maintenance did not end; a new greeting will tell")
        elif self._pinged_s is None and now_s - self._heard_s >= rules.ping_after_s:
            self._pings += 1
            self._pinged_s = now_s
            self.outgoing.append(control.ping_text(self._pings))
        for subscription in tuple(self._channels.values()):
            self._watch(subscription)

    def _watch(self, subscription: Subscription) -> None:
        """Look after one channel."""
        now_s, rules = self._now_s, self._rules
        if subscription.asked_s is not None and now_s - subscription.asked_s >= rules.answer_s:
            self._not_answered(subscription)
        elif subscription.retry_s is not None and now_s >= subscription.retry_s and self.is_open:
            self._ask(subscription)
        elif subscription.reader is not None:
            subscription.look(now_s)
            doubt = subscription.doubt(now_s, rules) if self.is_open else None
            if doubt is not None:
                self._resync(subscription, doubt)

    def _begin(self, subscription: Subscription) -> None:
        self._channels[subscription.channel] = subscription
        if self.is_open:
            self._ask(subscription)

    def _ask(self, subscription: Subscription) -> None:
        self._requests += 1
        subscription.sub_id = str(self._requests)
        subscription.asked_s, subscription.retry_s = self._now_s, None
        self.outgoing.append(control.subscribe_text(subscription.channel, subscription.sub_id))

    def _leave(self, subscription: Subscription) -> None:
        if subscription.asked_s is None:
            subscription.asked_s = self._now_s
            self.outgoing.append(control.unsubscribe_text(subscription.channel_id))

    def _not_answered(self, subscription: Subscription) -> None:
        """A new subscription fails alone; where an answer is owed for what was running, the connection is doubtful."""
        name = channel_name(subscription.channel)
        if subscription.was_taken:
            self._end(f"no answer about {name} within {self._rules.answer_s} s")
            return
        error = OutcomeUnknown(f"no answer within {self._rules.answer_s} s", endpoint=f"subscribe {name}")
        self._refuse(subscription, error)

    def _refuse(self, subscription: Subscription, error: ExchangeError) -> None:
        self._forget(subscription, is_quiet=True)
        channel = subscription.channel
        self.happenings.append(Unsubscribed(channel) if subscription.is_leaving else Refused(channel, error))

    def _forget(self, subscription: Subscription, *, is_quiet: bool = False) -> None:
        self._unmap(subscription)
        self._channels.pop(subscription.channel, None)
        subscription.spoil()
        if not is_quiet:
            self.happenings.append(Unsubscribed(subscription.channel))
        if subscription.successor is not None:
            self._begin(subscription.successor)

    def _unmap(self, subscription: Subscription) -> None:
        if subscription.channel_id:
            self._readers.pop(f"[{subscription.channel_id}", None)
            self._by_id.pop(subscription.channel_id, None)
        subscription.channel_id, subscription.reader = 0, None

    def _lose(self, subscription: Subscription, reason: GapReason, missed: int = 0) -> None:
        subscription.spoil()
        self._sink(subscription.channel, Gap(reason, missed))

    def _resync(self, subscription: Subscription, reason: GapReason, missed: int = 0) -> None:
        """Distrust one channel: its book is stale from now on, and it is subscribed anew."""
        subscription.spoil()
        if subscription.asked_s is not None or subscription.retry_s is not None or subscription.reader is None:
            return
        self._lose(subscription, reason, missed)
        self._metrics.increment("ws_resync_total", labels={"reason": reason.value})
        subscription.count_resync(self._now_s, reason, self._rules)
        # Frames of the old subscription may still come; without a reader they are dropped.
        self._readers.pop(f"[{subscription.channel_id}", None)
        subscription.reader = None
        self._leave(subscription)

    def _distrust(self, channel: Channel, reason: GapReason) -> None:
        self._resync(self._channels[channel], reason)

    def _misread(self, reader: Reader, frame: str, problem: BaseException) -> None:
        tight = compacted(frame)
        if tight != frame:
            self.receive(tight)
            return
        self._unreadable(frame, problem)
        self._expected = None
        reader.was_heard = True
        self._miss(self._channels[reader.channel], GapReason.UNREADABLE, 1)

    def _miss(self, subscription: Subscription, reason: GapReason, missed: int) -> None:
        """Tell that something of a channel is missing; a book is of no use then and is renewed."""
        if subscription.book is not None:
            self._resync(subscription, reason, missed)
        else:
            self._lose(subscription, reason, missed)

    def _unreadable(self, frame: str, problem: object) -> None:
        self._ring.keep(frame, problem)
        self._metrics.increment("ws_frames_unreadable_total")

    def _audit(self, sequence: int) -> None:
        """Take a number out of turn: the first one sets the count, any other says that a frame was lost or came
        twice.
        """
        expected, self._expected = self._expected, sequence + 1
        if expected is None:
            return
        self._metrics.increment("ws_sequence_gap_total")
        for subscription in tuple(self._channels.values()):
            if subscription.reader is not None:
                self._miss(subscription, GapReason.SEQUENCE, max(0, sequence - expected))

    def _other(self, frame: str) -> None:
        """Take a message that belongs to no channel: an object, a channel that we do not know, or garbage."""
        self._was_heard = True
        if len(frame) > FRAME_CHARS_MAX:
            self._unreadable(frame, f"{len(frame)} characters")
            return
        if not frame.startswith("["):
            try:
                said = control.read_control(frame)
            except (ProtocolViolation, UnicodeError) as problem:
                self._unreadable(frame, problem)
            else:
                self._said(said)
            return
        tight = compacted(frame)
        if tight != frame:
            self.receive(tight)
            return
        try:
            decode_any(frame)
            sequence = sequence_of(frame, self._rules.flags)
        except UNREADABLE as problem:
            self._unreadable(frame, problem)
            self._expected = None
            return
        self._metrics.increment("ws_frames_unknown_channel_total")
        if sequence is not None and self._expected is not None:
            if sequence == self._expected:
                self._expected += 1
            else:
                self._audit(sequence)

    def _said(self, said: control.Control) -> None:
        match said:
            case control.Info():
                self._informed(said)
            case control.Subscribed():
                self._taken(said)
            case control.Unsubscribed(chan_id=channel_id):
                self._left(channel_id)
            case control.ErrorEvent():
                self._failed(said)
            case control.ConfReply(status=status) if status != "OK":
                self._end("the exchange refused our flags")
            case _:
                pass  # a pong has done its work by being heard; an auth reply was not asked for

    def _informed(self, info: control.Info) -> None:
        match info:
            case control.Info(code=control.STOPPING):
                self._end("the exchange restarts (20051)")
            case control.Info(code=control.MAINTENANCE_STARTS):
                self._pause.begin(self._now_s, is_announced=True)
                self._change(Link.MAINTENANCE, "maintenance (20060)")
            case control.Info(code=control.MAINTENANCE_ENDS):
                self._change(Link.OPEN, "maintenance ended (20061)")
            case control.Info(version=2, platform=platform):
                if platform is None or platform.status == 1:
                    self._change(Link.OPEN, "greeted")
                else:
                    self._pause.begin(self._now_s, is_announced=False)
                    self._change(Link.MAINTENANCE, "the platform is in maintenance")
            case control.Info(version=int(version)):
                self._end(f"the exchange speaks version {version}, not 2")

    def _change(self, link: Link, reason: str) -> None:
        was, self._link = self._link, link
        if was is not link:
            self.happenings.append(LinkChanged(link, reason))
        for subscription in tuple(self._channels.values()):
            if link is Link.MAINTENANCE:
                subscription.spoil()
            elif subscription.reader is not None:
                self._resync(subscription, GapReason.LINK)
            elif not subscription.channel_id and subscription.asked_s is None:
                self._ask(subscription)

    def _taken(self, said: control.Subscribed) -> None:
        subscription = self._asked_for(said)
        if subscription is None:
            self._metrics.increment("ws_answers_unexpected_total")
            if said.chan_id not in self._by_id:
                self.outgoing.append(control.unsubscribe_text(said.chan_id))
            return
        if (other := self._by_id.get(said.chan_id)) is not None and other is not subscription:
            self._end(f"the exchange gave channel {said.chan_id} out twice")
            return
        now_s, is_new = self._now_s, not subscription.was_taken
        subscription.channel_id, subscription.was_taken, subscription.asked_s = said.chan_id, True, None
        subscription.heard_s, subscription.data_s, subscription.crossed_s = now_s, now_s, None
        self._by_id[said.chan_id] = subscription
        if subscription.is_leaving:
            self._leave(subscription)
            return
        shape = BookShape(is_bulk=bool(self._rules.flags & Flags.BULK), with_rows=self._rules.with_rows)
        reader = reader_for(subscription.channel, said.chan_id, self._sink, subscription.book, self._distrust, shape)
        subscription.reader = self._readers[f"[{said.chan_id}"] = reader
        if is_new:
            self.happenings.append(Subscribed(subscription.channel))

    def _left(self, channel_id: int) -> None:
        subscription = self._by_id.get(channel_id)
        if subscription is None:
            return
        if subscription.reader is not None and not subscription.is_leaving:  # unasked: what it said since is lost
            self._lose(subscription, GapReason.LINK)
        self._unmap(subscription)
        subscription.asked_s = None
        if subscription.is_leaving:
            self._forget(subscription)
            return
        pause_s = min(subscription.pause_s, self._rules.resync_max_s)
        subscription.retry_s = self._now_s + pause_s
        if not pause_s and self.is_open:
            self._ask(subscription)

    def _failed(self, said: control.ErrorEvent) -> None:
        if said.code in control.NOT_SUBSCRIBED and said.chan_id is not None:
            self._left(control.whole(said.chan_id))
            return
        subscription = self._asked_for(said)
        if subscription is None or said.code == control.DUPLICATE:
            # A duplicate has been answered by `subscribed` before, or the deadline will tell.
            self._metrics.increment("ws_answers_unexpected_total")
            return
        if said.code == control.TOO_MANY and self._by_id and not subscription.is_leaving:
            self._forget(subscription, is_quiet=True)
            self.happenings.append(Full(subscription.channel))
            return
        self._refuse(subscription, refusal(subscription.channel, said))

    def _asked_for(self, said: control.Subscribed | control.ErrorEvent) -> Subscription | None:
        """Return the subscription that an answer is about: by our id, or by its echo where that was lost."""
        return next((each for each in self._channels.values() if each.is_meant_by(said)), None)

    def _end(self, reason: str) -> None:
        self.ended = self.ended or reason
