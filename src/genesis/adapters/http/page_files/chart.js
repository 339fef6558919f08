// Two charts on canvas. Each draws only what is visible, once a frame, and only when something changed.

const colors = () => {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(["up", "down", "text", "dim", "line", "accent", "warn", "panel", "fall"].map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
};

class Canvas {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.isDue = false;
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  draw() {
    if (this.isDue) return;
    this.isDue = true;
    requestAnimationFrame(() => {
      this.isDue = false;
      const ratio = window.devicePixelRatio || 1;
      const { clientWidth: width, clientHeight: height } = this.canvas;
      if (!width || !height) return;
      if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
        this.canvas.width = Math.round(width * ratio);
        this.canvas.height = Math.round(height * ratio);
      }
      this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
      this.context.clearRect(0, 0, width, height);
      this.context.font = "11px system-ui, sans-serif";
      this.context.textBaseline = "middle";
      this.paint(this.context, width, height, colors());
    });
  }
}

function niceSteps(low, high, count) {
  const raw = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => each >= raw);
  const steps = [];
  for (let value = Math.ceil(low / step) * step; value <= high; value += step) steps.push(value);
  return { steps, decimals: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

function timeText(mts, span) {
  const text = new Date(mts).toISOString();
  return span > 3 * 86400e3 ? text.slice(5, 10) : text.slice(11, 16);
}

function scale(context, low, high, top, bottom, width, gutter, color, format, tagged = NaN) {
  const y = (value) => bottom - ((value - low) / (high - low || 1)) * (bottom - top);
  const { steps, decimals } = niceSteps(low, high, Math.max(2, Math.floor((bottom - top) / 44)));
  for (const step of steps) {
    context.strokeStyle = color.line;
    context.beginPath();
    context.moveTo(0, Math.round(y(step)) + 0.5);
    context.lineTo(width - gutter, Math.round(y(step)) + 0.5);
    context.stroke();
    context.fillStyle = color.dim;
    if (Math.abs(y(step) - y(tagged)) < 14) continue; // the tag of a price would cover half of it
    context.fillText(format ? format(step) : step.toFixed(decimals), width - gutter + 6, y(step));
  }
  return y;
}

export class PriceChart extends Canvas {
  constructor(canvas, tip) {
    super(canvas);
    this.tip = tip;
    this.candles = [];
    this.fills = [];
    this.orders = [];
    this.span = 120;
    this.end = 0; // how many candles lie right of what is shown
    this.pointer = null;
    canvas.addEventListener("wheel", (event) => { event.preventDefault(); this.zoom(event.deltaY > 0 ? 1.2 : 1 / 1.2); }, { passive: false });
    canvas.addEventListener("pointermove", (event) => this.moved(event));
    canvas.addEventListener("pointerdown", (event) => { this.drag = { x: event.offsetX, end: this.end }; canvas.setPointerCapture(event.pointerId); });
    canvas.addEventListener("pointerup", () => { this.drag = null; });
    canvas.addEventListener("pointerleave", () => { this.pointer = null; this.tip.textContent = ""; this.draw(); });
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  load(candles) { this.candles = candles; this.draw(); }

  add(candles) {
    for (const candle of candles) {
      const last = this.candles.at(-1);
      if (last && candle.mts < last.mts) continue;
      if (last && candle.mts === last.mts) this.candles[this.candles.length - 1] = candle;
      else {
        this.candles.push(candle);
        if (this.end > 0) this.end += 1; // whoever looks at the past goes on looking at it
      }
    }
    if (this.candles.length > 20000) this.candles.splice(0, this.candles.length - 20000);
    this.draw();
  }

  show(count) { this.span = Math.max(20, Math.min(count, Math.max(20, this.candles.length))); this.end = 0; this.draw(); }
  zoom(by) { this.span = Math.max(20, Math.min(this.candles.length || 20, this.span * by)); this.pan(0); }
  pan(by) { this.end = Math.max(0, Math.min(Math.max(0, this.candles.length - this.span), this.end + by)); this.draw(); }

  key(event) {
    const act = { ArrowLeft: () => this.pan(this.span / 10), ArrowRight: () => this.pan(-this.span / 10), "+": () => this.zoom(1 / 1.3), "-": () => this.zoom(1.3), End: () => { this.end = 0; this.draw(); } }[event.key];
    if (act) { event.preventDefault(); act(); }
  }

  moved(event) {
    this.pointer = { x: event.offsetX, y: event.offsetY };
    if (this.drag) this.end = Math.max(0, Math.min(Math.max(0, this.candles.length - this.span), this.drag.end + ((event.offsetX - this.drag.x) / this.canvas.clientWidth) * this.span));
    this.draw();
  }

  visible() {
    const last = this.candles.length - Math.round(this.end);
    return [Math.max(0, last - Math.round(this.span)), last];
  }

  paint(context, width, height, color) {
    const gutter = 66, foot = 20, bottom = height - foot;
    const [first, last] = this.visible();
    if (last <= first) { context.fillStyle = color.dim; context.fillText("waiting for the first candle", 16, height / 2); return; }
    let low = Infinity, high = -Infinity;
    for (let at = first; at < last; at++) { low = Math.min(low, this.candles[at].low); high = Math.max(high, this.candles[at].high); }
    const room = (high - low || high * 0.01 || 1) * 0.08;
    const y = scale(context, low - room, high + room, 6, bottom, width, gutter, color, null, this.candles.at(-1).close);
    const step = (width - gutter) / (last - first);
    this.times(context, first, last, step, width - gutter, height, color);
    if (step >= 2.2) this.bars(context, first, last, step, y, color);
    else this.columns(context, first, last, step, y, color);
    this.marks(context, first, last, step, y, color);
    this.lines(context, low - room, high + room, y, width, gutter, color);
    this.cross(context, first, last, step, y, width, gutter, bottom, color);
  }

  times(context, first, last, step, width, height, color) {
    const every = Math.max(1, Math.ceil(90 / step));
    const span = this.candles[last - 1].mts - this.candles[first].mts;
    context.fillStyle = color.dim;
    for (let at = first + (every - (first % every)); at < last; at += every) context.fillText(timeText(this.candles[at].mts, span), Math.min((at - first) * step, width - 34), height - 9);
  }

  bars(context, first, last, step, y, color) {
    const body = Math.max(1, step * 0.68);
    for (const isUp of [true, false]) {
      context.fillStyle = context.strokeStyle = isUp ? color.up : color.down;
      context.beginPath();
      for (let at = first; at < last; at++) {
        const candle = this.candles[at];
        if (candle.close >= candle.open !== isUp) continue;
        const x = (at - first + 0.5) * step, top = y(Math.max(candle.open, candle.close));
        context.moveTo(Math.round(x) + 0.5, y(candle.high));
        context.lineTo(Math.round(x) + 0.5, y(candle.low));
        context.fillRect(x - body / 2, top, body, Math.max(1, y(Math.min(candle.open, candle.close)) - top));
      }
      context.stroke();
    }
  }

  // More candles than pixels: one line a pixel, from its lowest low to its highest high.
  columns(context, first, last, step, y, color) {
    for (const isUp of [true, false]) {
      context.strokeStyle = isUp ? color.up : color.down;
      context.beginPath();
      const each = Math.max(1, Math.ceil(1 / step));
      for (let at = first; at < last; at += each) {
        const end = Math.min(last, at + each);
        if (this.candles[end - 1].close >= this.candles[at].open !== isUp) continue;
        let low = Infinity, high = -Infinity;
        for (let one = at; one < end; one++) { low = Math.min(low, this.candles[one].low); high = Math.max(high, this.candles[one].high); }
        const x = Math.round((at - first) * step) + 0.5;
        context.moveTo(x, y(high));
        context.lineTo(x, Math.max(y(low), y(high) + 1));
      }
      context.stroke();
    }
  }

  place(mts, first, last) {
    let low = first, high = last - 1;
    if (mts < this.candles[first].mts) return -1;
    while (low < high) { const middle = (low + high + 1) >> 1; if (this.candles[middle].mts <= mts) low = middle; else high = middle - 1; }
    return low;
  }

  marks(context, first, last, step, y, color) {
    for (const each of this.fills) {
      const at = this.place(each.mts, first, last);
      if (at < 0 || (at === last - 1 && this.end > 0)) continue;
      const x = (at - first + 0.5) * step, isBuy = each.side === "buy", way = isBuy ? 1 : -1;
      const tip = y(isBuy ? this.candles[at].low : this.candles[at].high) + way * 5;
      context.fillStyle = isBuy ? color.up : color.down;
      context.strokeStyle = color.panel;
      context.beginPath();
      context.moveTo(x, tip);
      context.lineTo(x - 5, tip + way * 9);
      context.lineTo(x + 5, tip + way * 9);
      context.closePath();
      context.fill();
      context.stroke();
    }
  }

  lines(context, low, high, y, width, gutter, color) {
    const level = (price, ink, dash, text) => {
      if (!(price > low && price < high)) return;
      context.strokeStyle = ink;
      context.setLineDash(dash);
      context.beginPath();
      context.moveTo(0, Math.round(y(price)) + 0.5);
      context.lineTo(width - gutter, Math.round(y(price)) + 0.5);
      context.stroke();
      context.setLineDash([]);
      context.fillStyle = ink;
      context.fillRect(width - gutter, y(price) - 8, gutter, 16);
      context.fillStyle = color.panel;
      context.fillText(text, width - gutter + 6, y(price));
    };
    for (const { side, price, stop_price: stop } of this.orders) {
      const ink = side === "buy" ? color.up : color.down;
      if (price) level(Number(price), ink, [6, 4], `${side} ${Number(price)}`);
      if (stop) level(Number(stop), ink, [2, 4], `stop ${Number(stop)}`);
    }
    const close = this.candles.at(-1).close;
    level(close, color.accent, [2, 3], String(close));
  }

  cross(context, first, last, step, y, width, gutter, bottom, color) {
    if (!this.pointer || this.pointer.x > width - gutter) { this.tip.textContent = ""; return; }
    const at = Math.min(last - 1, first + Math.floor(this.pointer.x / step)), candle = this.candles[at];
    context.strokeStyle = color.dim;
    context.setLineDash([3, 3]);
    context.beginPath();
    context.moveTo((at - first + 0.5) * step, 0);
    context.lineTo((at - first + 0.5) * step, bottom);
    context.moveTo(0, this.pointer.y);
    context.lineTo(width - gutter, this.pointer.y);
    context.stroke();
    context.setLineDash([]);
    this.tip.textContent = `${new Date(candle.mts).toISOString().slice(0, 16).replace("T", " ")}  O ${candle.open}  H ${candle.high}  L ${candle.low}  C ${candle.close}  V ${+candle.volume.toFixed(4)}`;
  }
}

export class EquityChart extends Canvas {
  constructor(canvas) { super(canvas); this.points = []; }
  load(points) { this.points = points; this.draw(); }

  add(points) {
    for (const point of points) {
      const last = this.points.at(-1);
      if (last && point.mts < last.mts) continue;
      if (last && point.mts === last.mts) this.points[this.points.length - 1] = point;
      else this.points.push(point);
    }
    if (this.points.length > 20000) this.points = this.points.filter((_, at) => at % 2 === 1);
    this.draw();
  }

  paint(context, width, height, color) {
    const points = this.points, gutter = 66;
    if (points.length < 2) { context.fillStyle = color.dim; context.fillText("waiting for the second close", 16, height / 2); return; }
    const split = Math.round(height * 0.66), right = width - gutter;
    const first = points[0].mts, last = points.at(-1).mts;
    const x = (mts) => ((mts - first) / (last - first || 1)) * right;
    let low = Infinity, high = -Infinity, deepest = 0.001;
    for (const point of points) { low = Math.min(low, point.equity); high = Math.max(high, point.equity); deepest = Math.max(deepest, point.drawdown); }
    const room = (high - low || high * 0.001 || 1) * 0.08;
    const yEquity = scale(context, low - room, high + room, 4, split - 6, width, gutter, color);
    const yFall = scale(context, -deepest * 1.1, 0, split + 6, height - 4, width, gutter, color, (value) => `${(100 * value).toFixed(deepest < 0.02 ? 2 : 1)} %`);
    this.trace(context, points, x, "equity", yEquity);
    context.strokeStyle = color.accent;
    context.lineWidth = 1.5;
    context.stroke();
    context.lineWidth = 1;
    this.trace(context, points, x, "drawdown", (value) => yFall(-value));
    context.lineTo(right, yFall(0));
    context.lineTo(0, yFall(0));
    context.closePath();
    context.fillStyle = color.fall;
    context.fill();
  }

  // One pixel at a time, from its first value to its lowest and highest and to its last: more cannot be seen.
  trace(context, points, x, name, y) {
    context.beginPath();
    for (let at = 0; at < points.length; ) {
      const column = Math.floor(x(points[at].mts)), first = points[at][name];
      let low = first, high = first, last = first;
      for (; at < points.length && Math.floor(x(points[at].mts)) === column; at++) {
        last = points[at][name];
        if (last < low) low = last;
        if (last > high) high = last;
      }
      context.lineTo(column, y(first));
      if (low < Math.min(first, last)) context.lineTo(column, y(low));
      if (high > Math.max(first, last)) context.lineTo(column, y(high));
      if (last !== first) context.lineTo(column, y(last));
    }
  }
}
