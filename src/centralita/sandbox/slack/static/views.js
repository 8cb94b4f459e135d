// Modals and home tabs.
import { renderBlocks } from "/_static/blocks.js";
import { textNodes, toast, valuesOf, viewSurface } from "/_static/controls.js";
import { make, scene } from "/_static/scene.js";
import { ask, at, query } from "/_static/state.js";

const shown = { id: "", hash: "", surface: null };

// Shows the person's topmost modal as it is now; what was typed into one that stays is kept by the server.
export async function refreshModals() {
  const { modals = [] } = await ask(`/_act/views?${query({})}`);
  const top = modals.at(-1);
  if (!top) return put(null);
  if (top.id === shown.id && top.hash === shown.hash) return;
  put(top);
}

function put(view) {
  const dialog = at("modal");
  if (!view) {
    Object.assign(shown, { id: "", hash: "", surface: null });
    dialog.close();
    dialog.replaceChildren();
    return;
  }
  const surface = viewSurface(view);
  const typed = view.id === shown.id ? shown.surface.fields : new Map();
  Object.assign(shown, { id: view.id, hash: view.hash, surface });
  const close = make("button", { type: "button", class: "b-button", onclick: () => end(view) }, ...(view.close ? textNodes(view.close) : [scene.texts.cancel]));
  const submit = view.submit ? make("button", { type: "submit", class: "b-button primary" }, ...textNodes(view.submit)) : null;
  const form = make(
    "form",
    { novalidate: true },
    make("header", {}, make("h2", { id: "modal-title" }, ...textNodes(view.title)), make("button", { type: "button", class: "quiet", "aria-label": scene.texts.close, onclick: () => end(view) }, "✕")),
    make("p", { class: "modal-fault", role: "alert", hidden: true }),
    make("div", { class: "modal-body blocks" }, ...renderBlocks(view.blocks, surface)),
    make("footer", {}, close, submit),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(view, surface, form);
  });
  dialog.replaceChildren(form);
  // What somebody has typed meanwhile stays, when the app shows the same field again.
  for (const [name, one] of surface.fields) if (typed.has(name)) one.node.value = typed.get(name).node.value;
  if (!dialog.open) dialog.showModal();
  (dialog.querySelector("[autofocus]") ?? dialog.querySelector("input, textarea, select"))?.focus();
}

async function send(view, surface, form) {
  const submit = form.querySelector("button[type=submit]");
  submit.disabled = true;
  for (const one of form.querySelectorAll(".b-error")) one.remove();
  form.querySelector(".modal-fault").hidden = true;
  const answer = await ask("/_act/submit", { user: scene.viewer, view: view.id, values: valuesOf(surface) });
  submit.disabled = false;
  if (answer.ok) return refreshModals();
  for (const [block, text] of Object.entries(answer.errors ?? { "": answer.error })) {
    const box = block ? form.querySelector(`[data-block="${CSS.escape(block)}"]`) : null;
    if (box) {
      box.append(make("p", { class: "b-error", role: "alert" }, scene.texts.slack[text] ?? text));
    } else {
      const fault = form.querySelector(".modal-fault");
      fault.textContent = scene.texts.slack[text] ?? text;
      fault.hidden = false;
    }
  }
  form.querySelector(".b-error")?.closest("[data-block]").querySelector("input, textarea, select")?.focus();
}

async function end(view) {
  await ask("/_act/close", { user: scene.viewer, view: view.id });
  refreshModals();
}

// Escape closes the topmost, as its button does.
export function listenToModal() {
  at("modal").addEventListener("cancel", (event) => {
    event.preventDefault();
    if (shown.id) end({ id: shown.id });
  });
}

// An app's home tab in place of a conversation.
export async function drawHome(app, box, opening) {
  const { homes = {} } = await ask(`/_act/views?${query({})}`);
  let view = homes[app.id];
  if (opening) view = (await ask("/_act/home", { user: scene.viewer, app: app.id })).view ?? view;
  const nodes = view ? renderBlocks(view.blocks, viewSurface(view)) : [make("div", { class: "empty" }, make("p", {}, scene.texts.emptyHome(app.name)))];
  box.replaceChildren(make("div", { class: "home blocks" }, ...nodes));
}

export async function run(path, wish) {
  const answer = await ask(`/_act/${path}`, { user: scene.viewer, ...wish });
  if (!answer.ok) toast(path === "command" ? answer.error : scene.texts.failed(answer.error ?? ""));
  return answer.ok;
}
