// The elements that a person can act on: buttons, selects, pickers, fields; in a message, a modal or a home tab.
// A surface says what acting does: act(element, blockId, value), suggest(element, typed), entered (what was entered before)
// and fields (what each field holds now, for whoever submits).
import { mrkdwn, plainText } from "/_static/mrkdwn.js";
import { link, make, nameOf, scene } from "/_static/scene.js";
import { ask } from "/_static/state.js";

export const INERT = { act: null, fields: new Map(), entered: {} };

export function textNodes(text) {
  if (!text) return [];
  return text.type === "mrkdwn" ? mrkdwn(text.text) : plainText(text.text, text.emoji !== false);
}

const words = (text) => text?.text ?? "";

export function messageSurface(channel, message) {
  if (!message.app_id) return INERT;
  const where = { user: scene.viewer, channel, ts: message.ts };
  return surface(where, {});
}

export function viewSurface(view) {
  return surface({ user: scene.viewer, view: view.id }, view.state?.values ?? {});
}

function surface(where, entered) {
  const made = { fields: new Map(), entered, where };
  made.act = async (one, blockId, value) => {
    const answer = await ask("/_act/press", { ...where, action_id: one.action_id, block_id: blockId, value, values: valuesOf(made) });
    if (!answer.ok) toast(scene.texts.failed(answer.error ?? ""));
    return answer.ok;
  };
  made.suggest = async (one, typed) => {
    const answer = await ask("/_act/suggest", { ...where, action_id: one.action_id, typed });
    const found = answer.payload ?? {};
    return found.options ?? (found.option_groups ?? []).flatMap((group) => group.options);
  };
  return made;
}

// {block: {action: value}} of every field, options by their values.
export function valuesOf(one) {
  const values = {};
  for (const { blockId, actionId, read } of one.fields.values()) (values[blockId] ??= {})[actionId] = read();
  return values;
}

export function toast(text) {
  const box = document.getElementById("toast");
  box.textContent = text;
  box.hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => (box.hidden = true), 6000);
}

export function control(one, blockId, where = INERT) {
  const build = BUILDERS[one.type] ?? (one.type.startsWith("multi_") ? several : null);
  if (!where.act) return inertControl(one);
  return build ? build(one, blockId, where) : inertControl(one);
}

function inertControl(one) {
  const attributes = { type: "button", class: one.type === "button" ? "b-button" : "b-control", "aria-disabled": "true", title: scene.texts.inert };
  return make("button", attributes, ...textNodes(one.text ?? one.placeholder ?? { text: "…" }));
}

// --- buttons ------------------------------------------------------------------------------------------------------

function button(one, blockId, where) {
  const style = ["primary", "danger"].includes(one.style) ? ` ${one.style}` : "";
  const made = make("button", { type: "button", class: `b-button${style}`, "aria-label": one.accessibility_label }, ...textNodes(one.text));
  made.addEventListener("click", async () => {
    if (one.confirm && !(await confirmed(one.confirm))) return;
    if (one.url) window.open(one.url, "_blank", "noopener");
    made.disabled = true;
    await where.act(one, blockId, null);
    made.disabled = false;
  });
  return made;
}

function confirmed(asked) {
  return new Promise((resolve) => {
    const style = asked.style === "danger" ? "danger" : "primary";
    const yes = make("button", { type: "button", class: `b-button ${style}`, onclick: () => end(true) }, words(asked.confirm));
    const no = make("button", { type: "button", class: "b-button", onclick: () => end(false) }, words(asked.deny));
    const made = make("dialog", { class: "modal small" }, make("h2", {}, ...textNodes(asked.title)), make("div", { class: "modal-body" }, ...textNodes(asked.text)), make("footer", {}, no, yes));
    const end = (answer) => {
      made.remove();
      resolve(answer);
    };
    made.addEventListener("cancel", () => end(false));
    document.body.append(made);
    made.showModal();
  });
}

// --- fields -------------------------------------------------------------------------------------------------------

// Registers what a field holds, and acts when it changes where that is wanted.
function field(one, blockId, where, node, read) {
  where.fields.set(`${blockId} ${one.action_id}`, { blockId, actionId: one.action_id, read, node });
  if (!one.inInput || one.dispatch) {
    node.addEventListener("change", async () => {
      if (one.confirm && !(await confirmed(one.confirm))) return;
      await where.act(one, blockId, read());
    });
  }
  return node;
}

function before(one, blockId, where) {
  return where.entered[blockId]?.[one.action_id];
}

const INPUT_TYPES = { email_text_input: "email", url_text_input: "url", number_input: "number", datepicker: "date", timepicker: "time" };

function typing(one, blockId, where) {
  const known = before(one, blockId, where);
  const value = known?.value ?? known?.selected_date ?? known?.selected_time ?? one.initial_value ?? one.initial_date ?? one.initial_time ?? "";
  const attributes = { class: "b-field-input", placeholder: words(one.placeholder) || null, "aria-label": one.label, maxlength: one.max_length, autofocus: one.focus_on_load };
  const node = one.multiline
    ? make("textarea", { ...attributes, rows: "4" })
    : make("input", { ...attributes, type: INPUT_TYPES[one.type] ?? "text", step: one.is_decimal_allowed ? "any" : null });
  node.value = value;
  return field(one, blockId, where, node, () => node.value || null);
}

function moment(one, blockId, where) {
  const known = before(one, blockId, where)?.selected_date_time ?? one.initial_date_time;
  const node = make("input", { class: "b-field-input", type: "datetime-local", "aria-label": one.label });
  if (known) node.value = new Date(known * 1000 - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  return field(one, blockId, where, node, () => (node.value ? Math.floor(new Date(node.value).getTime() / 1000) : null));
}

function optionsOf(one) {
  if (one.type.includes("users_select")) return people();
  if (one.type.includes("channels_select") || one.type.includes("conversations_select")) return channels();
  return null;
}

const people = () => [...scene.people.values()].filter((person) => !person.bot && !person.deleted).map((person) => ({ value: person.id, text: { text: nameOf(person.id) } }));
const channels = () => Object.entries(scene.channels).map(([value, name]) => ({ value, text: { text: `#${name}` } }));

function optionNodes(one, chosen) {
  const plain = (option) => make("option", { value: option.value, selected: chosen.has(option.value) }, words(option.text));
  if (one.option_groups) return one.option_groups.map((group) => make("optgroup", { label: words(group.label) }, ...group.options.map(plain)));
  return (optionsOf(one) ?? one.options ?? []).map(plain);
}

const CHOSEN = ["selected_option", "selected_user", "selected_conversation", "selected_channel"];

function chosenOf(one, blockId, where) {
  const known = before(one, blockId, where) ?? {};
  const single = CHOSEN.map((name) => known[name]).find(Boolean) ?? one.initial_option ?? one.initial_user ?? one.initial_conversation ?? one.initial_channel;
  const many = known.selected_options ?? known.selected_users ?? known.selected_conversations ?? known.selected_channels ?? one.initial_options ?? one.initial_users ?? [];
  return new Set([single, ...many].filter(Boolean).map((each) => each.value ?? each));
}

function choosing(one, blockId, where) {
  const chosen = chosenOf(one, blockId, where);
  const hint = make("option", { value: "", selected: !chosen.size }, words(one.placeholder) || scene.texts.choose);
  const node = make("select", { class: "b-field-input", "aria-label": one.label ?? words(one.placeholder) }, hint, ...optionNodes(one, chosen));
  return field(one, blockId, where, node, () => node.value || null);
}

function several(one, blockId, where) {
  if (one.type === "multi_external_select") return severalExternal(one, blockId, where);
  const chosen = chosenOf(one, blockId, where);
  const node = make("select", { class: "b-field-input", multiple: true, "aria-label": one.label ?? words(one.placeholder) }, ...optionNodes(one, chosen));
  return field(one, blockId, where, node, () => [...node.selectedOptions].map((option) => option.value));
}

// What is typed asks the app for options; the one whose text is typed is chosen.
function external(one, blockId, where) {
  const known = before(one, blockId, where)?.selected_option ?? one.initial_option;
  const found = new Map(known ? [[words(known.text), known]] : []);
  const list = make("datalist", { id: `options-${blockId}-${one.action_id}` });
  const node = make("input", { class: "b-field-input", list: list.id, placeholder: words(one.placeholder) || scene.texts.typeToSearch, "aria-label": one.label });
  node.value = known ? words(known.text) : "";
  node.addEventListener("input", async () => {
    if (node.value.length < (one.min_query_length ?? 3) || found.has(node.value)) return;
    for (const option of await where.suggest(one, node.value)) found.set(words(option.text), option);
    list.replaceChildren(...[...found.keys()].map((text) => make("option", { value: text })));
  });
  return make("span", {}, field(one, blockId, where, node, () => found.get(node.value) ?? null), list);
}

// The same for several: each that is chosen becomes a chip, which can be taken away again.
function severalExternal(one, blockId, where) {
  const chosen = new Map((before(one, blockId, where)?.selected_options ?? one.initial_options ?? []).map((option) => [option.value, option]));
  const found = new Map();
  const list = make("datalist", { id: `options-${blockId}-${one.action_id}` });
  const chips = make("span", { class: "b-chips" });
  const node = make("input", { class: "b-field-input", list: list.id, placeholder: words(one.placeholder) || scene.texts.typeToSearch, "aria-label": one.label });
  const draw = () => chips.replaceChildren(...[...chosen.values()].map((option) => make("button", { type: "button", class: "b-chip", onclick: () => chosen.delete(option.value) && draw() }, ...textNodes(option.text), " ✕")));
  const choose = () => {
    const option = found.get(node.value);
    if (!option) return false;
    chosen.set(option.value, option);
    node.value = "";
    draw();
    return true;
  };
  node.addEventListener("input", async () => {
    if (choose() || node.value.length < (one.min_query_length ?? 3)) return;
    for (const option of await where.suggest(one, node.value)) found.set(words(option.text), option);
    list.replaceChildren(...[...found.keys()].map((text) => make("option", { value: text })));
    list.dataset.for = node.value;
  });
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    choose();
  });
  draw();
  return make("span", {}, chips, field(one, blockId, where, node, () => [...chosen.values()]), list);
}

function overflow(one, blockId, where) {
  const hint = make("option", { value: "", selected: true }, "⋯");
  const node = make("select", { class: "b-control overflow", "aria-label": scene.texts.more }, hint, ...optionNodes(one, new Set()));
  node.addEventListener("change", async () => {
    const option = one.options.find((each) => each.value === node.value);
    node.value = "";
    if (option?.url) window.open(option.url, "_blank", "noopener");
    if (option) await where.act(one, blockId, option.value);
  });
  return node;
}

function ticking(one, blockId, where) {
  const kind = one.type === "checkboxes" ? "checkbox" : "radio";
  const chosen = chosenOf(one, blockId, where);
  const boxes = one.options.map((option) => make("input", { type: kind, name: `${blockId} ${one.action_id}`, value: option.value, checked: chosen.has(option.value) }));
  const labels = one.options.map((option, index) => make("label", {}, boxes[index], make("span", {}, ...textNodes(option.text), option.description ? make("small", {}, ...textNodes(option.description)) : null)));
  const node = make("div", { class: "b-choices", role: kind === "radio" ? "radiogroup" : "group", "aria-label": one.label }, ...labels);
  const ticked = () => boxes.filter((box) => box.checked).map((box) => box.value);
  return field(one, blockId, where, node, () => (kind === "radio" ? (ticked()[0] ?? null) : ticked()));
}

const BUILDERS = {
  button: (one, blockId, where) => (one.url && !one.action_id ? linkButton(one) : button(one, blockId, where)),
  workflow_button: (one) => inertControl(one),
  static_select: choosing,
  users_select: choosing,
  conversations_select: choosing,
  channels_select: choosing,
  external_select: external,
  overflow,
  checkboxes: ticking,
  radio_buttons: ticking,
  datepicker: typing,
  timepicker: typing,
  datetimepicker: moment,
  plain_text_input: typing,
  email_text_input: typing,
  url_text_input: typing,
  number_input: typing,
};

function linkButton(one) {
  const made = link(one.url, ...textNodes(one.text));
  made.className = "b-button";
  return made;
}
