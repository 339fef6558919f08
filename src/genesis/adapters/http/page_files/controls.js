// What the trader may do. Each act says what will happen, asks why, and is sent once, whatever is clicked.

import { byId, el, fill } from "./dom.js";

export async function ask(token, method, path, body = null, key = null) {
  const headers = { Authorization: `Bearer ${token}` };
  if (body !== null) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  const answer = await fetch(path, { method, headers, body: body === null || typeof body === "string" ? body : JSON.stringify(body), cache: "no-store", credentials: "omit", redirect: "error", signal: AbortSignal.timeout(15000) });
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

// Asks for what *act* needs, and sends it. With *more.renew* a person can prove anew who they are where that is asked for.
export function confirmAct(act, send, said, more = {}) {
  const dialog = byId("confirm");
  let key = crypto.randomUUID(); // a double click is one act, and so is a second try where no answer came
  const field = (id, title, attributes = {}) => ({ input: el("input", { id, autocomplete: "off", autocapitalize: "off", spellcheck: "false", required: true, ...attributes }), title });
  const typed = (id, text) => (text ? { ...field(id, `Type “${text}” to go on`), text } : null);
  const reason = field("reason", "Why (it stands in the audit log)", { maxlength: 200 });
  const words = [typed("phrase", act.phrase), typed("confirmation", act.confirmation)].filter(Boolean);
  const code = more.renew ? field("fresh-code", "A new one-time link or code: genesis login prints one", { required: false }) : null;
  const go = el("button", { class: `act ${act.kind ?? "primary"}`, value: "go" }, act.label);
  const trouble = el("p", { class: "warning", role: "alert" });
  const shown = ({ input, title }) => [el("label", { for: input.id }, title), input];
  const proof = code ? el("div", { hidden: true }, shown(code)) : null;
  const form = el("form", { method: "dialog" },
    el("h2", { id: "confirm-title" }, act.title), el("p", {}, act.says), shown(reason), words.flatMap(shown), proof, trouble,
    el("div", { class: "row" }, el("span", { class: "spring" }), el("button", { type: "button", class: "act", onclick: () => dialog.close() }, "Back"), go));
  const look = () => { go.disabled = !reason.input.value.trim() || words.some(({ input, text }) => input.value !== text); };
  form.addEventListener("input", look);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    go.disabled = true;
    trouble.textContent = "";
    try {
      if (code?.input.value) await more.renew(code.input.value.trim().split("#").at(-1));
      if (code) code.input.value = "";
      const body = { ...(act.body ?? {}), reason: reason.input.value.trim() };
      for (const { input } of words) body[input.id] = input.value;
      const outcome = await send(act.path, act.document ? `${JSON.stringify(body).slice(0, -1)},"document":${act.document}}` : body, key);
      dialog.close();
      said(`${act.title}: ${outcome.text} (audit entry ${outcome.audit_seq})`);
      more.done?.();
    } catch (error) {
      trouble.textContent = error.message;
      if (proof && error.code === "not_fresh") { proof.hidden = false; code.input.focus(); }
      if (error.status && error.status < 500) key = crypto.randomUUID(); // it was refused: the next try is another act
      look();
    }
  });
  look();
  fill(dialog, form);
  dialog.showModal();
  reason.input.focus();
}
