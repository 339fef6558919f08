// The configuration: what is in force, an editor that says what it would change before anything does, and the way back.
// Documents stay text on their way: numbers of a browser have sixteen digits, a configuration's have all.

import { confirmAct } from "./controls.js";
import { byId, clock, el, exact, fill, keepFocus, when } from "./dom.js";

const LIMITS = { max_drawdown_pct: "Largest drawdown, %", position_cap_pct: "Largest position, %", max_daily_loss: "Largest daily loss" };

export class ConfigPanel {
  // *asking* has get(path), post(path, body), send(path, body, key), renew(code), say(text) and tell(work).
  constructor(asking) {
    this.asking = asking;
    this.found = null;
    this.versions = [];
    this.text = "";
    this.base = "";
    this.edits = [];
    this.difference = null;
    this.verdict = null;
    this.verdictMs = 0;
    this.node = null;
  }

  get isChanged() { return this.text !== this.base; }
  get isShown() { return this.node?.isConnected ?? false; }

  // Takes in what is in force; what somebody is writing stays, and is compared with the new version before it counts.
  // What was found out about the log is forgotten: that was then.
  async load(table) {
    const [found, versions] = await Promise.all([this.asking.get("/api/v1/config"), this.asking.get("/api/v1/config/versions?limit=50")]);
    const isKept = this.isChanged;
    this.found = found;
    this.versions = versions.items;
    this.base = found.current.text;
    if (!isKept) this.text = this.base;
    if (this.difference?.version !== found.current.row.version) this.difference = null;
    this.verdict = null;
    if (!this.isShown) return; // another tab was opened meanwhile
    if (byId("config-text")) this.update();
    else this.draw(table);
  }

  // Draws everything, the text too.
  draw(table) {
    this.node = el("div", { class: "config" });
    fill(table, this.node);
    if (!this.found) return fill(this.node, el("p", { class: "empty" }, "Asking for the configuration…"));
    fill(this.node, el("div", { id: "config-head" }), this.limits(), this.editor(), el("div", { id: "config-difference", "aria-live": "polite" }), el("h3", {}, "Versions"), el("div", { id: "config-history", class: "scroll" }));
    this.update();
  }

  // Draws what is in force around the text, in which somebody may be writing.
  update() {
    keepFocus(byId("config-head"), (node) => fill(node, this.head(), ...this.warnings()));
    keepFocus(byId("config-history"), (node) => fill(node, this.history()));
    if (byId("config-text").value !== this.text) byId("config-text").value = this.text;
    for (const name of Object.keys(LIMITS)) {
      const input = byId(`limit-${name}`);
      if (input.value !== this.limit(name)) input.value = this.limit(name);
    }
    this.drawDifference();
  }

  head() {
    const { row } = this.found.current;
    const by = row.version ? `${when(row.mts)} by ${row.who}: ${row.reason}` : "nothing was applied yet: a dry run without limits";
    const verdict = this.verdict && (this.verdict.is_whole ? el("span", { class: "up" }, `${clock(this.verdictMs)}: the audit log is whole up to line ${this.verdict.line}`) : el("span", { class: "error", role: "alert" }, `${clock(this.verdictMs)}: Audit log: ${this.verdict.reason}`));
    return el("div", { class: "row wrap" }, el("strong", {}, `Version ${row.version}`), el("code", { title: row.hash }, row.hash.slice(0, 12)), el("span", { class: "note" }, by), el("span", { class: "spring" }), verdict,
      el("button", { class: "filter", "data-key": "verify", onclick: () => this.asking.tell(() => this.verify()) }, "Verify the audit log"));
  }

  async verify() {
    this.verdict = await this.asking.get("/api/v1/config/verify");
    this.verdictMs = Date.now();
    if (this.isShown) this.update();
  }

  warnings() {
    const told = this.edits.map((each) => each.fields.kept_as
      ? `${each.fields.path} was edited by hand. That changes nothing: the edit is kept as ${each.fields.kept_as}, version ${each.fields.in_force} was put back. Apply what you want here.`
      : String(each.fields.reason ?? each.name));
    if (this.found.waiting.length) told.push(`Waits for the next start: ${this.found.waiting.join(", ")}`);
    if (this.found.source) told.push(`This session began with ${this.found.source}; versions that are applied count on top of it.`);
    return told.map((text) => el("p", { class: "warning" }, text));
  }

  limits() {
    const fields = Object.entries(LIMITS).map(([name, title]) => {
      const input = el("input", { id: `limit-${name}`, inputmode: "decimal", autocomplete: "off", placeholder: "no limit", value: this.limit(name) });
      input.addEventListener("input", () => { this.setLimit(name, input.value.trim()); byId("config-text").value = this.text; });
      return el("div", {}, el("label", { for: `limit-${name}` }, title), input);
    });
    return el("div", { class: "limits-form" }, fields);
  }

  // A limit is a line of the document's own indentation; whoever indents otherwise writes it in the text.
  limit(name) { return this.text.match(line(name))?.[1].replaceAll('"', "") ?? ""; }

  setLimit(name, value) {
    const at = line(name);
    if (!value) {
      this.text = this.text.replace(at, "").replace(/,(\s*\}\s*)$/, "$1");
      return;
    }
    const json = /^\d+(\.\d+)?$/.test(value) ? value : JSON.stringify(value);
    if (at.test(this.text)) this.text = this.text.replace(at, (_, old, comma) => `\n  "${name}": ${old.startsWith('"') ? JSON.stringify(value) : json}${comma}`);
    else this.text = this.text.replace(/\s*\}\s*$/, `${/^\s*\{\s*\}\s*$/.test(this.text) ? "" : ","}\n  "${name}": ${json}\n}`);
  }

  editor() {
    const text = el("textarea", { id: "config-text", rows: Math.max(6, Math.min(24, this.text.split("\n").length + 1)), spellcheck: "false", autocomplete: "off", autocapitalize: "off" });
    text.value = this.text;
    text.addEventListener("input", () => {
      this.text = text.value;
      for (const name of Object.keys(LIMITS)) byId(`limit-${name}`).value = this.limit(name);
    });
    return el("div", {}, el("label", { for: "config-text" }, "Document"), text,
      el("div", { class: "row" }, el("button", { class: "filter", onclick: () => { this.text = this.base; this.difference = null; this.update(); } }, "Start over"), el("span", { class: "spring" }),
        el("button", { id: "config-look", class: "act primary", onclick: () => this.look() }, "Show what it would change")));
  }

  async look() {
    try {
      const value = JSON.parse(this.text);
      if (typeof value !== "object" || !value || Array.isArray(value)) throw new Error("a configuration is an object: {…}");
    } catch (error) {
      fill(byId("config-difference"), el("p", { class: "error", role: "alert" }, `This is no JSON: ${error.message}`));
      return;
    }
    await this.asking.tell(async () => {
      this.difference = { ...(await this.asking.post("/api/v1/config/diff", `{"document":${this.text}}`)), text: this.text };
      this.drawDifference();
    });
  }

  drawDifference() {
    const found = this.difference;
    if (!found) return fill(byId("config-difference"));
    const isReady = !found.errors.length && found.changes.length;
    fill(byId("config-difference"), el("h3", {}, `Against version ${found.version}`),
      ...found.errors.map((each) => el("p", { class: "error" }, `${each.path}: ${each.message}`)),
      found.changes.length ? el("div", { class: "scroll" }, changes(found.changes, found.waiting)) : el("p", { class: "empty" }, "No difference."),
      ...found.dangers.map((each) => el("p", { class: "warning" }, `Dangerous: ${each.phrase}. It is made a minute after the first try, and confirmed by typing it.`)),
      isReady ? el("div", { class: "row" }, el("span", { class: "spring" }), el("button", { id: "config-apply", class: "act danger", onclick: () => this.apply(found) }, "Apply…")) : null);
  }

  apply(found) {
    this.confirm({ title: "Apply the configuration", says: `Version ${found.version + 1}: ${found.changes.map(said).join("; ")}`, path: "config", phrase: "apply config", confirmation: found.confirmation, document: found.text, body: { expected_version: found.version, expected_hash: found.hash }, label: "Apply", kind: "danger" });
  }

  goBack(version) {
    this.asking.tell(async () => {
      const old = await this.asking.get(`/api/v1/config/versions/${version}`);
      const found = await this.asking.post("/api/v1/config/diff", `{"document":${old.text}}`);
      const says = found.changes.length ? found.changes.map(said).join("; ") : "It says what is in force already.";
      this.confirm({ title: `Go back to version ${version}`, says, path: "config/rollback", phrase: "roll back", confirmation: found.confirmation, body: { version, expected_version: found.version, expected_hash: found.hash }, label: "Go back", kind: "danger" });
    });
  }

  confirm(act) {
    const { send, say, renew } = this.asking;
    confirmAct(act, send, say, { renew, done: () => { this.text = this.base; this.difference = null; this.asking.tell(() => this.load(this.node.parentElement)); } });
  }

  history() {
    const current = this.found.current.row.version;
    const rows = this.versions.map((each) => el("tr", {}, el("td", { class: "num" }, each.version), el("td", {}, each.version ? when(each.mts) : ""), el("td", {}, each.who), el("td", { class: "facts" }, each.version ? each.reason : "before anything was applied"),
      el("td", { class: "facts" }, each.changes.map(said).join("; ")), el("td", { class: "dim", title: each.hash }, each.hash.slice(0, 12)),
      el("td", {}, each.version === current ? "in force" : el("button", { class: "filter", "data-key": each.version, "aria-label": `Go back to version ${each.version}`, onclick: () => this.goBack(each.version) }, "Go back…"))));
    const titles = [["No.", "num"], ["Time"], ["By"], ["Why"], ["Changed"], ["Hash"], [""]];
    return el("table", {}, el("thead", {}, el("tr", {}, titles.map(([name, kind]) => el("th", { class: kind, scope: "col" }, name)))), el("tbody", {}, rows));
  }
}

const line = (name) => new RegExp(`\\n  "${name}": ([^\\n,]*)(,?)`);
const shown = (value) => (/^-?\d+(\.\d+)?$/.test(value) ? exact(value) : value.length > 120 ? `${value.slice(0, 120)}…` : value);
const said = (each) => `${each.path} ${{ added: `becomes ${shown(each.new)}`, removed: `(${shown(each.old)}) goes`, changed: `${shown(each.old)} → ${shown(each.new)}` }[each.kind]}`;

function changes(items, waiting) {
  const rows = items.map((each) => el("tr", {}, el("td", {}, el("code", {}, each.path)), el("td", { class: "facts" }, shown(each.old) || "–"), el("td", { class: "facts" }, shown(each.new) || "–"), el("td", {}, waiting.some((path) => path.startsWith(each.path)) ? "at the next start" : "at once")));
  return el("table", {}, el("thead", {}, el("tr", {}, ["Field", "Now", "Then", "Counts"].map((name) => el("th", { scope: "col" }, name)))), el("tbody", {}, rows));
}
