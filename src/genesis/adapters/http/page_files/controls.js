// What the trader may do. Each act says what will happen, asks why, and is sent once, whatever is clicked.

import { byId, el, fill } from "./dom.js";

export async function ask(token, method, path, body = null, key = null) {
  const headers = { Authorization: `Bearer ${token}` };
  if (body !== null) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  const answer = await fetch(path, { method, headers, body: body === null ? null : JSON.stringify(body), cache: "no-store", credentials: "omit", redirect: "error", signal: AbortSignal.timeout(15000) });
  const found = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(found.error?.message ?? answer.statusText), { status: answer.status, code: found.error?.code });
  return found;
}

export const ACTS = {
  halt: { title: "Halt", says: "Strategies stop deciding, and what they hold is closed at the market.", path: "halt", label: "Halt" },
  resume: { title: "Resume", says: "Strategies decide again at the next close, in both directions.", path: "resume", label: "Resume" },
  reduce: { title: "Reduce only", says: "From now on only orders leave that make positions smaller. Resume ends it.", path: "reduce-only", body: { on: true }, label: "Reduce only" },
  cancel: { title: "Cancel all orders", says: "Every open order of this session is cancelled.", path: "cancel", label: "Cancel all" },
  flatten: { title: "Flatten", says: "Every position is closed at the market, whatever it costs, and trading halts.", path: "flatten", phrase: "flatten", label: "Flatten", kind: "warn" },
  kill: { title: "Kill", says: "The kill latch is set: this session ends at once, and none starts until kill.reset says why it may.", path: "kill", phrase: "kill", label: "Kill", kind: "danger" },
};

export function confirmAct(act, send, said) {
  const dialog = byId("confirm");
  let key = crypto.randomUUID(); // a double click is one act, and so is a second try where no answer came
  const reason = el("input", { id: "reason", maxlength: 200, required: true, autocomplete: "off" });
  const phrase = act.phrase ? el("input", { id: "phrase", autocomplete: "off", autocapitalize: "off", spellcheck: "false", required: true }) : null;
  const go = el("button", { class: `act ${act.kind ?? "primary"}`, value: "go" }, act.label);
  const trouble = el("p", { class: "warning", role: "alert" });
  const form = el("form", { method: "dialog" },
    el("h2", { id: "confirm-title" }, act.title), el("p", {}, act.says),
    el("label", { for: "reason" }, "Why (it stands in the audit log)"), reason,
    phrase ? el("label", { for: "phrase" }, `Type “${act.phrase}” to go on`) : null, phrase, trouble,
    el("div", { class: "row" }, el("span", { class: "spring" }), el("button", { type: "button", class: "act", onclick: () => dialog.close() }, "Back"), go));
  const look = () => { go.disabled = !reason.value.trim() || (phrase !== null && phrase.value !== act.phrase); };
  form.addEventListener("input", look);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    go.disabled = true;
    trouble.textContent = "";
    try {
      const body = { ...(act.body ?? {}), reason: reason.value.trim(), ...(phrase ? { phrase: phrase.value } : {}) };
      const outcome = await send(act.path, body, key);
      dialog.close();
      said(`${act.title}: ${outcome.text} (audit entry ${outcome.audit_seq})`);
    } catch (error) {
      if (error.status && error.status < 500) key = crypto.randomUUID(); // it was refused: the next try is another act
      trouble.textContent = error.message;
      look();
    }
  });
  look();
  fill(dialog, form);
  dialog.showModal();
  reason.focus();
}
