// The page: which conversation is open, what is in it, and what the server says has changed.
import { avatar, rows } from "/_static/messages.js";
import { make, nameOf, scene, setLocale } from "/_static/scene.js";

const at = (id) => document.getElementById(id);
const list = at("messages");
const replies = at("replies");
const state = {
  team: "",
  conversations: new Map(),
  open: "",
  messages: [],
  more: false,
  read: "",
  thread: "",
  replies: [],
  target: "",
  behind: 0,
  stream: null,
  opening: 0,
};

async function ask(path, body) {
  const options = body ? { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) } : {};
  const response = await fetch(path, options);
  return response.json();
}

function query(parameters) {
  return new URLSearchParams({ user: scene.viewer, ...parameters }).toString();
}

// --- where we are -----------------------------------------------------------------------------------------------

// Both /archives/C1/p1700000000000100 and /#/archives/... name a conversation, a message, and maybe its thread.
function place() {
  const source = location.hash.startsWith("#/archives/") ? location.hash.slice(1) : location.pathname + location.search;
  const [path, search = ""] = source.split("?");
  const found = /^\/archives\/([^/]+)(?:\/p(\d{7,}))?\/?$/.exec(path);
  const digits = found?.[2];
  return {
    channel: found ? decodeURIComponent(found[1]) : "",
    ts: digits ? `${digits.slice(0, -6)}.${digits.slice(-6)}` : "",
    thread: new URLSearchParams(search).get("thread_ts") ?? "",
  };
}

function go(channel, { thread = "", ts = "" } = {}) {
  const message = ts || thread;
  const tail = message ? `/p${message.replace(".", "")}` : "";
  const search = thread ? `?thread_ts=${thread}` : "";
  history.pushState(null, "", `/archives/${encodeURIComponent(channel)}${tail}${search}`);
  return arrive();
}

async function arrive() {
  const { channel, ts, thread } = place();
  const wanted = channel || state.conversations.keys().next().value || "";
  if (wanted !== state.open || !channel) await openChannel(wanted);
  if (channel) document.body.dataset.pane = "channel";
  await openThread(thread);
  // A thread's own address names its parent twice; then nothing in particular is meant.
  await highlight(ts === thread ? "" : ts, thread ? replies : list);
}

async function highlight(ts, box) {
  state.target = ts;
  for (const one of document.querySelectorAll(".message.target")) one.classList.remove("target");
  if (!ts) return;
  while (box === list && state.more && state.messages[0]?.ts > ts) await loadOlder();
  const target = box.querySelector(`[data-ts="${ts}"]`);
  if (!target) return;
  target.classList.add("target");
  stuck.delete(box);
  target.scrollIntoView({ block: "center" });
}

// --- the rail ---------------------------------------------------------------------------------------------------

function titleOf(conversation) {
  if (!conversation.kind.endsWith("im")) return `#${conversation.name}`;
  return conversation.members.filter((user) => user !== scene.viewer).map(nameOf).join(", ");
}

function drawRail() {
  at("team").textContent = state.team;
  const all = [...state.conversations.values()];
  const channels = all.filter((one) => !one.kind.endsWith("im"));
  const direct = all.filter((one) => one.kind.endsWith("im"));
  at("lists").replaceChildren(
    ...[[scene.texts.channels, channels], [scene.texts.direct, direct]]
      .filter(([, some]) => some.length)
      .map(([label, some]) => make("section", {}, make("h2", {}, label), make("ul", {}, ...some.map(railItem)))),
  );
  drawTitle();
}

function railItem(one) {
  const isDirect = one.kind.endsWith("im");
  const other = one.members.find((user) => user !== scene.viewer);
  const sign = isDirect ? avatar(other, "avatar tiny") : make("span", { class: "hash", "aria-hidden": "true" }, one.kind === "private_channel" ? "🔒" : "#");
  const badge = one.mentions ? make("span", { class: "mentions", title: scene.texts.unread(one.unread) }, String(one.mentions)) : null;
  const hint = one.unread ? make("span", { class: "sr" }, scene.texts.unread(one.unread)) : null;
  const item = make(
    "a",
    {
      href: `/archives/${encodeURIComponent(one.id)}`,
      class: one.unread ? "unread" : null,
      "aria-current": one.id === state.open ? "page" : null,
      "data-channel": one.id,
      onclick: (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        go(one.id);
      },
    },
    sign,
    make("span", { class: "item-name" }, isDirect ? titleOf(one) : one.name),
    hint,
    badge,
  );
  return make("li", {}, item);
}

function drawTitle() {
  const unread = [...state.conversations.values()].reduce((sum, one) => sum + one.mentions, 0);
  const name = at("name").textContent;
  document.title = `${unread ? `(${unread}) ` : ""}${name ? `${name} · ` : ""}${state.team}`;
}

function drawWords() {
  for (const one of document.querySelectorAll("[data-text]")) one.textContent = scene.texts[one.dataset.text];
  for (const one of document.querySelectorAll("[data-label]")) {
    one.setAttribute("aria-label", scene.texts[one.dataset.label]);
    if (one.tagName === "BUTTON") one.title = scene.texts[one.dataset.label];
  }
}

// --- the conversation -------------------------------------------------------------------------------------------

async function openChannel(channel) {
  const turn = ++state.opening;
  state.open = channel;
  state.behind = 0;
  const answer = channel ? await ask(`/_view/messages?${query({ channel })}`) : { ok: false };
  if (turn !== state.opening) return;
  if (!answer.ok) return showNothing(answer);
  state.messages = answer.messages;
  state.more = answer.more;
  state.read = answer.conversation.read;
  const summary = answer.conversation;
  if (state.conversations.has(channel)) state.conversations.set(channel, summary);
  at("name").textContent = titleOf(summary);
  at("purpose").textContent = summary.purpose;
  at("count").textContent = summary.kind.endsWith("im") ? "" : scene.texts.membersCount(summary.members.length);
  drawComposer(at("say"), scene.texts.write(titleOf(summary)), summary.archived, () => ({ channel: state.open }));
  drawMessages();
  toBottom(list);
  markRead();
  drawRail();
}

function showNothing(answer) {
  state.messages = [];
  at("name").textContent = "";
  at("purpose").textContent = "";
  at("count").textContent = "";
  at("say").replaceChildren();
  const notice = make("div", { class: "empty" });
  const member = answer.members?.[0];
  if (member) {
    const see = make("button", { type: "button", class: "b-button primary", onclick: () => look(member) }, scene.texts.seeAs(nameOf(member)));
    notice.append(make("p", {}, scene.texts.hidden(nameOf(member))), see);
  } else {
    notice.append(make("p", {}, scene.texts.missing));
  }
  list.replaceChildren(notice);
  drawRail();
}

function drawMessages() {
  const nodes = rows(state.open, state.messages, { read: state.read, onThread: (parent, ts) => go(state.open, { thread: parent, ts }) });
  const older = state.more ? [make("button", { type: "button", class: "older", onclick: loadOlder }, scene.texts.older)] : [];
  const empty = nodes.length ? [] : [make("div", { class: "empty" }, make("p", {}, scene.texts.empty(at("name").textContent)))];
  list.replaceChildren(...older, ...empty, ...nodes);
  keepTarget(list);
}

async function loadOlder() {
  const channel = state.open;
  const answer = await ask(`/_view/messages?${query({ channel, before: state.messages[0].ts })}`);
  if (!answer.ok || channel !== state.open) return;
  const height = list.scrollHeight;
  state.messages = [...answer.messages, ...state.messages];
  state.more = answer.more;
  drawMessages();
  list.scrollTop += list.scrollHeight - height;
}

function isAtBottom(box) {
  return box.scrollHeight - box.scrollTop - box.clientHeight < 60;
}

const stuck = new WeakSet();

function toBottom(box) {
  box.scrollTop = box.scrollHeight;
  stuck.add(box);
}

// A picture that arrives, or fails to, changes the height of what is above the end.
function stayAtBottom(box) {
  box.addEventListener("scroll", () => (isAtBottom(box) ? stuck.add(box) : stuck.delete(box)), { passive: true });
  for (const kind of ["load", "error"]) box.addEventListener(kind, () => stuck.has(box) && toBottom(box), true);
}

function markRead() {
  const latest = state.messages.at(-1)?.ts;
  if (!latest || document.hidden || !isAtBottom(list)) return;
  state.behind = 0;
  at("newer").hidden = true;
  const summary = state.conversations.get(state.open);
  if (!summary || (summary.read >= latest && !summary.unread)) return;
  Object.assign(summary, { read: latest, unread: 0, mentions: 0 });
  ask("/_view/read", { user: scene.viewer, channel: state.open, ts: latest });
  drawRail();
}

// --- the thread -------------------------------------------------------------------------------------------------

async function openThread(parent) {
  state.thread = parent;
  at("thread").hidden = !parent;
  document.body.classList.toggle("with-thread", Boolean(parent));
  if (!parent) return;
  document.body.dataset.pane = "thread";
  const answer = await ask(`/_view/thread?${query({ channel: state.open, ts: parent })}`);
  if (state.thread !== parent) return;
  state.replies = answer.messages ?? [];
  // A reply's own ts leads to its thread, too.
  state.thread = state.replies[0]?.ts ?? parent;
  at("thread-of").textContent = at("name").textContent;
  drawComposer(at("reply"), scene.texts.answer, false, () => ({ channel: state.open, thread_ts: state.thread }));
  drawThread();
  toBottom(replies);
}

function drawThread() {
  const [parent, ...answers] = state.replies;
  const line = make("div", { class: "day replies-line" }, make("span", {}, scene.texts.repliesCount(answers.length)));
  const below = answers.length ? [line, ...rows(state.open, answers, { dayOf: parent.ts })] : [];
  replies.replaceChildren(...(parent ? rows(state.open, [parent]) : []), ...below);
  keepTarget(replies);
}

// Drawing anew must not lose the message that the address names.
function keepTarget(box) {
  if (state.target) box.querySelector(`[data-ts="${state.target}"]`)?.classList.add("target");
}

function closeThread() {
  document.body.dataset.pane = "channel";
  go(state.open);
}

// --- writing ----------------------------------------------------------------------------------------------------

function drawComposer(form, label, closed, target) {
  const field = make("textarea", { rows: "1", placeholder: label, "aria-label": label, maxlength: "4000" });
  const send = make("button", { type: "submit", class: "send", "aria-label": scene.texts.send, title: scene.texts.send }, "➤");
  form.replaceChildren(...(closed ? [] : [field, send]));
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.onsubmit = async (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text) return;
    const answer = await ask("/_view/say", { user: scene.viewer, text, ...target() });
    if (answer.ok) field.value = "";
  };
}

// --- what changes -----------------------------------------------------------------------------------------------

const waiting = [];

function follow() {
  state.stream?.close();
  const stream = new EventSource(`/_view/events?${query({})}`);
  let lost = false;
  stream.onopen = () => {
    at("offline").hidden = true;
    document.body.dataset.live = "yes";
    if (lost) refresh();
  };
  stream.onerror = () => {
    lost = true;
    at("offline").hidden = false;
  };
  stream.onmessage = (event) => {
    // Many may come at once: they are drawn together, once a frame.
    if (waiting.push(JSON.parse(event.data)) === 1) requestAnimationFrame(applyAll);
  };
  state.stream = stream;
}

function applyAll() {
  const changes = waiting.splice(0);
  if (changes.some((one) => one.kind === "reset")) return refresh();
  if (changes.some((one) => !one.message)) load().then(drawRail);
  const follows = isAtBottom(list);
  const followsThread = isAtBottom(replies);
  const touched = { list: false, thread: false, news: 0 };
  for (const change of changes) if (change.message) apply(change, touched);
  if (touched.list) {
    const top = list.scrollTop;
    drawMessages();
    if (follows) toBottom(list);
    else list.scrollTop = top;
  }
  if (touched.thread) {
    drawThread();
    if (followsThread) toBottom(replies);
  }
  if (touched.news && !follows) {
    state.behind += touched.news;
    at("newer").textContent = `↓ ${scene.texts.newMessages(state.behind)}`;
    at("newer").hidden = false;
  }
  markRead();
  drawRail();
}

function apply({ kind, channel, message, mention }, touched) {
  const isReply = message.thread_ts && message.thread_ts !== message.ts;
  const inList = !isReply || message.subtype === "thread_broadcast";
  const summary = state.conversations.get(channel);
  const isNew = kind === "posted" && inList && message.user !== scene.viewer;
  if (summary && isNew) {
    summary.unread += 1;
    summary.mentions += mention ? 1 : 0;
  }
  if (channel !== state.open) return;
  if (inList && merge(state.messages, kind, message)) {
    touched.list = true;
    touched.news += isNew ? 1 : 0;
  }
  const parent = message.thread_ts ?? message.ts;
  if (state.thread && parent === state.thread && merge(state.replies, kind, message)) touched.thread = true;
}

function merge(messages, kind, message) {
  const index = messages.findIndex((one) => one.ts === message.ts);
  if (kind === "deleted") {
    if (index >= 0) messages.splice(index, 1);
    return index >= 0;
  }
  if (index >= 0) messages[index] = message;
  else if (kind !== "changed") messages.push(message);
  return index >= 0 || kind !== "changed";
}

// --- starting ---------------------------------------------------------------------------------------------------

async function load() {
  let answer = await ask(`/_view/boot?${scene.viewer ? query({}) : ""}`);
  if (!answer.ok) answer = await ask("/_view/boot");
  scene.viewer = answer.viewer;
  scene.people = new Map(answer.people.map((one) => [one.id, one]));
  scene.usergroups = answer.usergroups;
  scene.channels = answer.channels;
  state.team = answer.team;
  state.conversations = new Map(answer.conversations.map((one) => [one.id, one]));
  setLocale(scene.people.get(scene.viewer).locale);
  const choices = answer.people.filter((one) => !one.bot);
  at("viewer").replaceChildren(
    ...choices.map((one) => make("option", { value: one.id, selected: one.id === scene.viewer }, one.title ? `${one.real_name} · ${one.title}` : one.real_name)),
  );
  drawWords();
}

async function refresh() {
  const { open, thread } = state;
  await load();
  await openChannel(open);
  await openThread(thread);
}

async function look(userId) {
  scene.viewer = userId;
  localStorage.setItem("viewer", userId);
  await load();
  state.open = "";
  await arrive();
  follow();
}

function setTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
}

function onKey(event) {
  if (event.key === "Escape" && state.thread) closeThread();
  if (!event.altKey || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
  event.preventDefault();
  const ids = [...state.conversations.keys()];
  const next = (ids.indexOf(state.open) + (event.key === "ArrowDown" ? 1 : -1) + ids.length) % ids.length;
  go(ids[next]);
}

at("viewer").addEventListener("change", (event) => look(event.target.value));
at("close").addEventListener("click", closeThread);
at("to-channel").addEventListener("click", closeThread);
at("to-rail").addEventListener("click", () => (document.body.dataset.pane = "rail"));
at("newer").addEventListener("click", () => toBottom(list));
at("theme").addEventListener("click", () => {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = document.documentElement.dataset.theme ?? (dark ? "dark" : "light");
  const next = now === "dark" ? "light" : "dark";
  localStorage.setItem("theme", next);
  setTheme(next);
});
list.addEventListener("scroll", markRead, { passive: true });
stayAtBottom(list);
stayAtBottom(replies);
document.addEventListener("visibilitychange", markRead);
document.addEventListener("keydown", onKey);
window.addEventListener("popstate", arrive);

setTheme(localStorage.getItem("theme"));
scene.viewer = new URLSearchParams(location.search).get("user") ?? localStorage.getItem("viewer") ?? "";
scene.emoji = await (await fetch("/_static/emoji.json")).json();
await load();
await arrive();
follow();
