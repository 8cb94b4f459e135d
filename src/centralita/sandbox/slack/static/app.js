// The page: which conversation is open, what is in it, and what the server says has changed.
import { drawComposer } from "/_static/composer.js";
import { Drawn, line, rows } from "/_static/messages.js";
import { drawRail, drawWords, titleOf } from "/_static/rail.js";
import { make, nameOf, scene, setLocale } from "/_static/scene.js";
import { ask, at, place, query, state } from "/_static/state.js";
import { drawHome, listenToModal, refreshModals } from "/_static/views.js";

const list = at("messages");
const replies = at("replies");
const drawn = { list: new Drawn(), replies: new Drawn() };

// --- where we are -----------------------------------------------------------------------------------------------

function go(channel, { thread = "", ts = "" } = {}) {
  const message = ts || thread;
  const tail = message ? `/p${message.replace(".", "")}` : "";
  const search = thread ? `?thread_ts=${thread}` : "";
  history.pushState(null, "", `/archives/${encodeURIComponent(channel)}${tail}${search}`);
  return arrive();
}

async function arrive() {
  const { channel, ts, thread, home } = place();
  if (home) {
    await openThread("");
    document.body.dataset.pane = "channel";
    return openHome(home);
  }
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

// --- the conversation -------------------------------------------------------------------------------------------

// While something is being fetched, what changes meanwhile waits, so that it is applied to what was fetched.
async function fetchFirst(path) {
  state.loading += 1;
  try {
    return await ask(path);
  } finally {
    state.loading -= 1;
    setTimeout(applyAll);
  }
}

async function openHome(id) {
  state.opening += 1;
  const app = state.apps.find((one) => one.id === id);
  Object.assign(state, { open: "", home: app ? id : "", messages: [], more: false });
  if (!app) return showNothing({ ok: false });
  at("name").textContent = app.name;
  at("purpose").textContent = scene.texts.home;
  at("count").textContent = "";
  at("say").replaceChildren();
  await drawHome(app, list, true);
  drawRail();
}

async function refreshViews() {
  refreshModals();
  const app = state.apps.find((one) => one.id === state.home);
  if (app) await drawHome(app, list, false);
}

async function openChannel(channel) {
  const turn = ++state.opening;
  state.open = channel;
  state.home = "";
  state.behind = 0;
  const answer = channel ? await fetchFirst(`/_view/messages?${query({ channel })}`) : { ok: false };
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
  drawn.list.start();
  const nodes = rows(drawn.list, state.open, state.messages, { read: state.read, onThread: (parent, ts) => go(state.open, { thread: parent, ts }) });
  const older = state.more ? [make("button", { type: "button", class: "older", onclick: loadOlder }, scene.texts.older)] : [];
  const empty = nodes.length ? [] : [make("div", { class: "empty" }, make("p", {}, scene.texts.empty(at("name").textContent)))];
  setChildren(list, [...older, ...empty, ...nodes]);
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
  const answer = await fetchFirst(`/_view/thread?${query({ channel: state.open, ts: parent })}`);
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
  drawn.replies.start();
  const count = scene.texts.repliesCount(answers.length);
  const above = parent ? rows(drawn.replies, state.open, [parent]) : [];
  const below = answers.length ? [line("day replies-line", count), ...rows(drawn.replies, state.open, answers, { dayOf: parent.ts })] : [];
  setChildren(replies, [...above, ...below]);
  keepTarget(replies);
}

// Makes ``nodes`` the children of ``box``, leaving alone those that are there already.
function setChildren(box, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...box.children]) if (!wanted.has(child)) child.remove();
  for (const [index, node] of nodes.entries()) {
    if (box.children[index] !== node) box.insertBefore(node, box.children[index] ?? null);
  }
}

// Drawing anew must not lose the message that the address names.
function keepTarget(box) {
  if (state.target) box.querySelector(`[data-ts="${state.target}"]`)?.classList.add("target");
}

function closeThread() {
  document.body.dataset.pane = "channel";
  go(state.open);
}

// --- what changes -----------------------------------------------------------------------------------------------

const DRAW_EVERY_MS = 100;
const MOST_SHOWN = 300;
const KEPT_WHEN_FOLLOWING = 150;
const waiting = [];
let drawnAt = 0;

// Resolves when the stream is open or has failed: only what is fetched after that misses nothing.
function follow() {
  state.stream?.close();
  const stream = new EventSource(`/_view/events?${query({})}`);
  let lost = false;
  const settled = new Promise((resolve) => {
    stream.onopen = () => {
      at("offline").hidden = true;
      if (lost) refresh();
      resolve();
    };
    stream.onerror = () => {
      lost = true;
      at("offline").hidden = false;
      resolve();
    };
  });
  stream.onmessage = (event) => {
    // One that comes alone is drawn at once; those of a burst together, ten times a second.
    if (waiting.push(JSON.parse(event.data)) > 1) return;
    setTimeout(applyAll, Math.max(0, drawnAt + DRAW_EVERY_MS - performance.now()));
  };
  state.stream = stream;
  return settled;
}

function applyAll() {
  if (state.loading || !waiting.length) return;
  drawnAt = performance.now();
  const changes = waiting.splice(0);
  if (changes.some((one) => one.kind === "reset")) return refresh();
  if (changes.some((one) => one.kind === "views")) refreshViews();
  if (changes.some((one) => !one.message && one.kind !== "views")) load().then(drawRail);
  const follows = isAtBottom(list);
  const followsThread = isAtBottom(replies);
  const touched = { list: false, thread: false, news: 0 };
  for (const change of changes) if (change.message) apply(change, touched);
  if (touched.list) {
    if (follows && state.messages.length > MOST_SHOWN) {
      state.messages.splice(0, state.messages.length - KEPT_WHEN_FOLLOWING);
      state.more = true;
    }
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
  if (summary && isNew && message.ts > summary.latest) {
    summary.latest = message.ts;
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
  if (kind === "deleted" || kind === "gone") {
    if (index >= 0) messages.splice(index, 1);
    return index >= 0;
  }
  if (index >= 0) messages[index] = message;
  else if (kind !== "changed") messages.push(message);
  return index >= 0 || kind !== "changed";
}

// --- starting ---------------------------------------------------------------------------------------------------

async function load() {
  const answer = await ask(`/_view/boot?${scene.viewer ? query({}) : ""}`);
  scene.viewer = answer.viewer;
  scene.people = new Map(answer.people.map((one) => [one.id, one]));
  scene.usergroups = answer.usergroups;
  scene.channels = answer.channels;
  state.team = answer.team;
  state.apps = answer.apps;
  state.workspaces = answer.workspaces;
  state.conversations = new Map(answer.conversations.map((one) => [one.id, one]));
  setLocale(scene.people.get(scene.viewer).locale);
  const choices = answer.people.filter((one) => !one.bot);
  at("viewer").replaceChildren(
    ...choices.map((one) => make("option", { value: one.id, selected: one.id === scene.viewer }, one.title ? `${one.real_name} · ${one.title}` : one.real_name)),
  );
  // Names, words and times may read differently now.
  drawn.list.forget();
  drawn.replies.forget();
  drawWords();
}

async function refresh() {
  const { open, thread, home } = state;
  const before = scene.viewer;
  await load();
  if (scene.viewer !== before) return enter(scene.viewer);
  refreshModals();
  if (home) return openHome(home);
  await openChannel(open);
  await openThread(thread);
}

async function look(userId) {
  scene.viewer = userId;
  localStorage.setItem("viewer", userId);
  waiting.length = 0;
  await load();
  await follow();
  state.open = "";
  refreshModals();
  await arrive();
}

// Another workspace: nothing that the address names is there.
function enter(userId) {
  history.pushState(null, "", "/");
  return look(userId);
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

at("lists").addEventListener("click", (event) => {
  const item = event.target.closest("a[data-channel], a[data-app]");
  if (!item || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (item.dataset.channel) return go(item.dataset.channel);
  history.pushState(null, "", item.getAttribute("href"));
  arrive();
});
at("viewer").addEventListener("change", (event) => look(event.target.value));
at("workspace").addEventListener("change", (event) => enter(state.workspaces.find((one) => one.id === event.target.value).viewer));
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
listenToModal();
await load();
await follow();
await arrive();
await refreshModals();
document.body.dataset.live = "yes";
