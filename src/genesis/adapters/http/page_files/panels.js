// What the panels and tables show, as elements; nothing here keeps state of its own.

import { el, exact, number, percent, signed, tone, when } from "./dom.js";

const figure = (name, value, kind = "", title = null) => el("div", { class: "figure", title }, el("dt", {}, name), el("dd", { class: kind }, value));
const words = (name) => name.replaceAll("_", " ");
const empty = (text) => el("p", { class: "empty" }, text);

export function headline(overview) {
  const at = overview.portfolio;
  if (!at) return [];
  return [
    figure("Equity", `${exact(at.equity, 2)} ${at.currency}`, "", at.equity),
    figure("Today", signed(at.pnl_day), tone(at.pnl_day), at.pnl_day),
    figure("Drawdown", percent(at.drawdown), at.drawdown > 0 ? "down" : ""),
    figure("Market time", when(at.mts, false)),
  ];
}

export function account(at) {
  if (!at) return [empty("The session has not seen a candle yet.")];
  return [
    figure("Equity", exact(at.equity, 2), "big", at.equity),
    figure("Cash", exact(at.cash, 2), "", at.cash),
    figure("Profit and loss", signed(at.pnl), tone(at.pnl), at.pnl),
    figure("Today", signed(at.pnl_day), tone(at.pnl_day), at.pnl_day),
    figure("Peak", exact(at.equity_peak, 2), "", at.equity_peak),
    figure("Drawdown now", percent(at.drawdown), at.drawdown > 0 ? "down" : ""),
    figure("Largest drawdown", percent(at.drawdown_max), at.drawdown_max > 0 ? "down" : ""),
    figure("Fees paid", exact(at.fees, 2), "", at.fees),
  ];
}

export function positions(items) {
  if (!items.length) return [empty("Flat: nothing is held.")];
  return items.map((each) =>
    el("article", { class: "position" },
      el("div", { class: "row" }, el("strong", {}, each.symbol), el("span", { class: "spring" }), el("span", { class: tone(each.pnl_open), title: each.pnl_open }, signed(each.pnl_open))),
      el("div", { class: "row note" }, `${exact(each.net_amount)} at ${exact(each.price_average, 2)}`, el("span", { class: "spring" }), `${percent(each.weight, 1)} of equity`),
      el("div", { class: "row note" }, `worth ${exact(each.notional, 2)} at ${exact(each.price_mark, 2)}`),
    ),
  );
}

export function limits(items) {
  return items.map((each) => {
    const bar = el("div", { class: `bar ${each.state}`, role: "meter", "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": Math.round(100 * each.used), "aria-label": `${words(each.name)} used` }, el("span"));
    bar.firstChild.style.width = `${Math.min(100, 100 * each.used)}%`;
    const unit = each.unit === "%" ? "\u202f%" : ` ${each.unit}`;
    const isRounded = (text) => each.unit === "%" && text.includes("."); // as the account's drawdown is, above
    const short = (text) => (isRounded(text) ? percent(Number(text) / 100) : exact(text, text.includes(".") ? 2 : 0) + unit);
    return el("article", { class: "limit" },
      el("div", { class: "row" }, el("span", {}, words(each.name), " ", el("span", { class: "note" }, each.scope)), el("span", { class: "spring" }), el("span", { class: `state ${each.state}` }, each.state)),
      each.state === "off" ? null : bar,
      el("div", { class: "row note" }, each.state === "off" ? `${short(each.observed)}, no limit` : `${short(each.observed)} of ${short(each.allowed)}`, el("span", { class: "spring" }), each.state === "off" ? "" : `${short(each.headroom)} left`),
    );
  });
}

export function strategies(items, onSwitch) {
  return items.map((each) =>
    el("article", { class: "strategy" },
      el("div", { class: "row" }, el("strong", {}, each.label === each.name ? each.name : `${each.label}`), el("span", { class: "note" }, `${each.symbol} ${each.timeframe}`), el("span", { class: "spring" }),
        el("button", { class: `switch ${each.is_on ? "on" : ""}`, role: "switch", "aria-checked": each.is_on, "aria-label": `${each.label} decides`, "data-key": `switch-${each.name}`, onclick: () => onSwitch(each) }, each.is_on ? "on" : "off")),
      el("div", { class: "row note" }, `target ${each.target === null && isWarm(each.nodes) ? "kept" : number(each.target)}`, el("span", {}, `${each.fills} fills`), el("span", { class: "spring" }), el("span", { class: tone(each.pnl), title: each.pnl }, signed(each.pnl))),
      el("div", { class: "row note wrap" }, ...Object.entries(each.params).map(([name, value]) => el("code", {}, `${name}=${value}`))),
      nodes(each.nodes),
    ),
  );
}

// What has no value yet is warming up; what says KEEP has none by design, and leaves the target as it is.
const isWarm = (items) => items.length && items.every((each) => each.value !== null || each.node.includes("KEEP"));

export function nodes(items) {
  const told = items.filter((each) => !/^-?[\d.]+$/.test(each.node));
  const none = (each) => (each.node.includes("KEEP") && isWarm(items) ? "keeps" : "warming up");
  return el("table", { class: "nodes" }, el("tbody", {}, told.map((each) => el("tr", {}, el("td", {}, each.node), el("td", { class: "num" }, each.value === null ? none(each) : number(each.value))))));
}

// What a table shows: its columns, its rows, and what is said where there are none.
const sheet = (columns, rows, none) => ({ columns, rows, none, id: columns.map(([name]) => name).join() });

function table({ columns, rows, none, id }) {
  if (!rows.length) return empty(none);
  return el("table", { "data-sheet": id }, el("thead", {}, el("tr", {}, columns.map(([name, kind]) => el("th", { class: kind, scope: "col" }, name)))), el("tbody", {}, rows));
}

// Shows *shown* in *node*. Rows that are there already stay where they are: to lay out hundreds anew takes many frames.
export function showTable(node, shown) {
  const there = node.firstElementChild;
  if (!shown.rows.length || there?.dataset.sheet !== shown.id) return node.replaceChildren(table(shown));
  const body = there.tBodies[0], wanted = new Set(shown.rows);
  for (const row of [...body.rows]) if (!wanted.has(row)) row.remove();
  let at = body.firstElementChild;
  for (const row of shown.rows) {
    if (row === at) at = at.nextElementSibling;
    else body.insertBefore(row, at);
  }
}

const made = new WeakMap();
// The row of *item*, made once: what changes comes as another item.
function rowOf(item, make) {
  if (!made.has(item)) made.set(item, make(item));
  return made.get(item);
}

const cell = (value, kind = "", title = null) => el("td", { class: kind, title }, value);

// At what price an order waits or traded: a stop says where, a trailing one how far behind.
function orderPrice({ price, price_average: average, stop_price: stop, trail }) {
  const waits = [price && exact(price, 2), stop && `stop ${exact(stop, 2)}`, trail && `trail ${exact(trail, 2)}`].filter(Boolean).join(", ");
  return average ? exact(average, 2) : waits || "–";
}

export function orders(items, onOpen) {
  const rows = items.map((item) => rowOf(item, (each) =>
    el("tr", { class: "opens", onclick: () => onOpen(each.cid) },
      cell(el("button", { class: "link", "data-key": `order-${each.cid}`, "aria-label": `Why order ${each.cid}` }, when(each.created_mts))),
      cell(each.side, each.side === "buy" ? "up" : "down"), cell(each.symbol), cell(words(each.type)),
      cell(exact(each.amount), "num"), cell(exact(each.filled), "num"), cell(orderPrice(each), "num", each.price || each.price_average),
      cell(el("span", { class: `status ${each.status}` }, words(each.status)), "", each.note), cell(each.strategy), cell(each.cid, "num dim"))));
  return sheet([["Time"], ["Side"], ["Instrument"], ["Type"], ["Amount", "num"], ["Filled", "num"], ["Price", "num"], ["Status"], ["Strategy"], ["Id", "num"]], rows, "No orders yet.");
}

export function fills(items, onOpen) {
  const rows = items.map((item) => rowOf(item, (each) =>
    el("tr", { class: "opens", onclick: () => onOpen(each.cid) },
      cell(el("button", { class: "link", "data-key": `fill-${each.seq}`, "aria-label": `Why order ${each.cid}` }, when(each.mts))), cell(each.side, each.side === "buy" ? "up" : "down"), cell(each.symbol),
      cell(exact(each.amount), "num"), cell(exact(each.price, 2), "num", each.price), cell(`${exact(each.fee)} ${each.fee_currency}`, "num"), cell(each.strategy), cell(each.cid, "num dim"))));
  return sheet([["Time"], ["Side"], ["Instrument"], ["Amount", "num"], ["Price", "num"], ["Fee", "num"], ["Strategy"], ["Order", "num"]], rows, "No fills yet.");
}

function fillsOfOrder(items) {
  const rows = items.map((each) => el("tr", {}, cell(when(each.mts)), cell(exact(each.amount), "num"), cell(exact(each.price, 2), "num", each.price), cell(`${exact(each.fee)} ${each.fee_currency}`, "num")));
  return sheet([["Time"], ["Amount", "num"], ["Price", "num"], ["Fee", "num"]], rows, "No fills yet.");
}

export function events(items) {
  const rows = items.map((item) => rowOf(item, (each) =>
    el("tr", { class: each.severity }, cell(when(each.mts)), cell(el("span", { class: `chip ${each.category}` }, each.category)), cell(each.severity, each.severity), cell(each.name), cell(facts(each.fields), "facts"))));
  return sheet([["Time"], ["Category"], ["Severity"], ["Event"], ["Facts"]], rows, "Nothing of that kind happened.");
}
const facts = (fields) => Object.entries(fields).map(([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : value}`).join(", ");

export function guards(items) {
  const sorted = [...items].sort((a, b) => b.refusals - a.refusals);
  const rows = sorted.map((each) => el("tr", {}, cell(words(each.name)), cell(each.refusals, `num ${each.refusals ? "warning" : "dim"}`), cell(when(each.refused_last_mts)), cell(each.refused_last), cell(each.observed), cell(each.allowed)));
  return sheet([["Why not"], ["Refused", "num"], ["Last time"], ["Last order"], ["Observed"], ["Allowed"]], rows, "No guards.");
}

export function latency(items) {
  const ms = (value) => cell(value >= 100 ? value.toFixed(0) : value.toFixed(2), "num");
  const rows = items.map((each) => el("tr", {}, cell(each.client), cell(each.kind), cell(each.count, "num"), ms(each.p50_ms), ms(each.p90_ms), ms(each.p99_ms), ms(each.max_ms)));
  return sheet([["Client"], ["What"], ["Count", "num"], ["p50 ms", "num"], ["p90 ms", "num"], ["p99 ms", "num"], ["max ms", "num"]], rows, "Nothing was timed yet.");
}

export function links(items) {
  const rows = items.map((each) => el("tr", {}, cell(each.name), cell(el("span", { class: `link-state ${each.state}` }, each.state)), cell(when(each.since_mts)), cell(each.reason)));
  return sheet([["Connection"], ["State"], ["Since"], ["Why"]], rows, "This session has no connections.");
}

export function audit(items) {
  const rows = items.map((each) => el("tr", {}, cell(each.seq, "num"), cell(when(each.mts)), cell(typeof each.entry === "object" && each.entry ? facts(each.entry) : String(each.entry), "facts"), cell(each.hash.slice(0, 12), "dim", each.hash)));
  return sheet([["No.", "num"], ["Time"], ["Entry"], ["Hash"]], rows, "Nothing is in the audit log yet.");
}

export function runs(items) {
  const rows = items.map((each) => el("tr", {}, cell(each.kind), cell(each.name), cell(exact(each.bytes), "num"), cell(when(each.changed_mts))));
  return sheet([["Kind"], ["File"], ["Bytes", "num"], ["Changed"]], rows, "Nothing is in the data directory yet.");
}

export function orderDetail(found, onCancel) {
  const { order, life, reasons, fills: got } = found;
  return [
    el("header", {}, el("h2", { id: "detail-title" }, `${order.side} ${exact(order.amount)} ${order.symbol}`), el("span", { class: `status ${order.status}` }, words(order.status)), el("span", { class: "spring" }),
      order.is_open ? el("button", { class: "act", onclick: () => onCancel(order) }, "Cancel this order") : null,
      el("form", { method: "dialog" }, el("button", { class: "plain", "aria-label": "Close" }, "✕"))),
    order.note ? el("p", { class: "warning" }, order.note) : null,
    el("h3", {}, "Why"),
    reasons ? el("div", {},
      el("dl", { class: "figures" }, figure("Target", number(reasons.target)), figure("Weight", percent(reasons.weight)), figure("After the guards", percent(reasons.weight_capped)), figure("Decided on", when(reasons.decided_mts, false))),
      nodes(reasons.nodes)) : empty("No strategy asked for it."),
    el("h3", {}, "Life"),
    el("ol", { class: "life" }, life.map((each) => el("li", {}, el("time", {}, when(each.mts)), el("strong", {}, words(each.what)), el("span", { class: "note" }, each.evidence)))),
    el("h3", {}, "Fills"),
    el("div", { class: "scroll" }, table(fillsOfOrder(got))),
    el("p", { class: "note" }, `order ${order.cid}, ${words(order.type)}, strategy ${order.strategy}`),
  ];
}
