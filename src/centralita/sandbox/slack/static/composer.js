// Writing: messages, slash commands with their completion, and the menu of shortcuts.
import { make, scene } from "/_static/scene.js";
import { ask, state } from "/_static/state.js";
import { run } from "/_static/views.js";

const commands = () => state.apps.flatMap((app) => app.commands.map((one) => ({ ...one, app: app.name })));
const shortcuts = (kind) => state.apps.flatMap((app) => app.shortcuts.filter((one) => one.kind === kind).map((one) => ({ ...one, app: app.name })));

export function drawComposer(form, label, closed, target) {
  const field = make("textarea", { rows: "1", placeholder: label, "aria-label": label, maxlength: "4000" });
  const send = make("button", { type: "submit", class: "send", "aria-label": scene.texts.send, title: scene.texts.send }, "➤");
  const found = make("ul", { class: "completion", role: "listbox", hidden: true });
  const global = target().thread_ts === undefined && shortcuts("global").length ? [shortcutMenu()] : [];
  form.replaceChildren(...(closed ? [] : [found, ...global, field, send]));
  field.addEventListener("input", () => complete(field, found));
  field.addEventListener("keydown", (event) => onKey(event, form, field, found));
  form.onsubmit = async (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text) return;
    const { channel, thread_ts: thread } = target();
    found.hidden = true;
    if (text.startsWith("/") && !thread) {
      const [command, ...rest] = text.split(/\s+/);
      field.value = "";
      if (!(await run("command", { channel, command, text: rest.join(" ") }))) field.value ||= text;
      return;
    }
    const answer = await ask("/_view/say", { user: scene.viewer, text, ...target() });
    if (answer.ok) field.value = "";
  };
}

function onKey(event, form, field, found) {
  const items = [...found.children];
  const picked = items.findIndex((one) => one.getAttribute("aria-selected") === "true");
  if (!found.hidden && (event.key === "ArrowDown" || event.key === "ArrowUp") && !event.altKey) {
    event.preventDefault();
    pick(items, (picked + (event.key === "ArrowDown" ? 1 : -1) + items.length) % items.length);
    return;
  }
  if (!found.hidden && event.key === "Escape") {
    event.stopPropagation();
    found.hidden = true;
    return;
  }
  if (!found.hidden && (event.key === "Tab" || event.key === "Enter") && picked >= 0 && !field.value.includes(" ")) {
    event.preventDefault();
    items[picked].click();
    return;
  }
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
}

function pick(items, index) {
  for (const [number, one] of items.entries()) one.setAttribute("aria-selected", String(number === index));
}

function complete(field, found) {
  const typed = field.value;
  const fitting = typed.startsWith("/") && !typed.includes(" ") ? commands().filter((one) => one.name.startsWith(typed)) : [];
  found.replaceChildren(
    ...fitting.map((one) =>
      make(
        "li",
        {
          role: "option",
          onclick: () => {
            field.value = `${one.name} `;
            found.hidden = true;
            field.focus();
          },
        },
        make("b", {}, one.name),
        " ",
        make("span", { class: "faint" }, one.usage_hint),
        make("span", { class: "about" }, `${one.description} · ${one.app}`),
      ),
    ),
  );
  found.hidden = !fitting.length;
  pick([...found.children], fitting.some((one) => one.name === typed) ? -1 : 0);
}

function shortcutMenu() {
  const items = shortcuts("global").map((one) => make("option", { value: one.callback_id }, `${one.name} · ${one.app}`));
  const menu = make("select", { class: "shortcuts", "aria-label": scene.texts.shortcuts, title: scene.texts.shortcuts }, make("option", { value: "", selected: true }, "⚡"), ...items);
  menu.addEventListener("change", () => {
    const callback = menu.value;
    menu.value = "";
    if (callback) run("shortcut", { callback_id: callback });
  });
  return menu;
}

// What can be done with a message: apps' shortcuts; its author can change or delete it.
export function messageMenu(channel, message) {
  const own = message.user === scene.viewer && !message.bot_id;
  const offered = shortcuts("message").map((one) => [`shortcut ${one.callback_id}`, `${one.name} · ${one.app}`]);
  if (own) offered.push(["edit", scene.texts.edit], ["delete", scene.texts.remove]);
  if (!offered.length || message.is_ephemeral) return "";
  const items = offered.map(([value, text]) => make("option", { value }, text));
  const menu = make("select", { class: "message-menu", "aria-label": scene.texts.actions, title: scene.texts.actions }, make("option", { value: "", selected: true }, "⋯"), ...items);
  menu.addEventListener("change", () => {
    const [what, callback] = menu.value.split(" ");
    menu.value = "";
    const where = { channel, ts: message.ts };
    if (what === "shortcut") run("shortcut", { ...where, callback_id: callback });
    if (what === "delete") run("delete", where);
    if (what === "edit") editInPlace(menu.closest(".message"), where, message);
  });
  return menu;
}

function editInPlace(row, where, message) {
  const plain = message.text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&").replace(/<@(\w+)>/g, (all, id) => (scene.people.has(id) ? `@${scene.people.get(id).name}` : all));
  const field = make("textarea", { class: "b-field-input", rows: "2", "aria-label": scene.texts.edit });
  field.value = plain;
  const save = make("button", { type: "submit", class: "b-button primary" }, scene.texts.save);
  const form = make("form", { class: "editing" }, field, save);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    run("edit", { ...where, text: field.value });
  });
  row.querySelector(".text")?.replaceWith(form);
  field.focus();
}
