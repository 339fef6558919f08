// The session's stream: a snapshot, then deltas with sequence numbers that have no gap.
// Whatever is missing for three seconds is stale, and the page says so: that the session has ended where it said that
// itself, that nothing answers where no connection comes about, and that it is silent where one does.

const STALE_MS = 3000;
const DEAD_MS = 10000;
const ENDS = 1012;
const PAUSES_MS = [250, 500, 1000, 2000, 5000];

export class Stream {
  constructor(token, heard) {
    this.token = token;
    this.heard = heard;
    this.tries = 0;
    this.seq = 0;
    this.lastMs = Date.now();
    this.quiet = null;
    this.ended = null;
    this.isReached = true;
    this.isOver = false;
    this.watch = setInterval(() => this.look(), 500);
    document.addEventListener("visibilitychange", () => this.look());
    this.connect();
  }

  connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    // With the handshake, where no stranger's streams can keep it waiting; a page can send it no other header.
    const socket = new WebSocket(`${scheme}://${location.host}/stream`, ["genesis", `token.${this.token}`]);
    this.socket = socket;
    this.openedMs = Date.now();
    this.isOpened = false;
    socket.onopen = () => { this.isOpened = true; };
    socket.onmessage = (message) => this.take(JSON.parse(message.data));
    socket.onclose = (event) => this.closed(event);
  }

  take(frame) {
    if (frame.type === "delta" && frame.seq !== this.seq + 1) {
      this.socket.close(4000, "gap");
      return;
    }
    this.seq = frame.seq;
    this.tries = 0;
    this.lastMs = Date.now();
    this.ended = null;
    this.look();
    if (frame.type === "snapshot") this.heard.snapshot(frame);
    else this.heard.delta(frame);
  }

  closed(event) {
    if (this.isOver) return;
    if (event.code === 4401) {
      this.end();
      this.heard.refused();
      return;
    }
    this.isReached = this.isOpened;
    if (event.code === ENDS) this.ended = { how: "ended", sinceMs: Date.now(), why: event.reason };
    const pause = PAUSES_MS[Math.min(this.tries++, PAUSES_MS.length - 1)];
    setTimeout(() => this.isOver || this.connect(), pause);
    this.look();
  }

  look() {
    const isStale = Date.now() - this.lastMs > STALE_MS || (this.socket.readyState > 1 && this.tries > 1);
    if (Date.now() - Math.max(this.lastMs, this.openedMs) > DEAD_MS && this.socket.readyState === 1) this.leave();
    const quiet = this.ended ?? (isStale ? { how: this.isReached ? "silent" : "unreached", sinceMs: this.lastMs } : null);
    if (quiet?.how === this.quiet?.how) return;
    this.quiet = quiet;
    this.heard.quiet(quiet);
  }

  // A connection that is open and says nothing is dead, whatever it looks like: take another.
  leave() {
    this.socket.onclose = null;
    this.socket.close(4000, "silent");
    this.connect();
  }

  end() {
    this.isOver = true;
    clearInterval(this.watch);
    this.socket.close(1000);
  }
}
