// A message as a row, and a list of them with its days and the mark of what is new.
import { mrkdwn } from "/_static/mrkdwn.js";
import { picture, renderBlocks } from "/_static/blocks.js";
import { messageMenu } from "/_static/composer.js";
import { messageSurface } from "/_static/controls.js";
import { dayOf, emojiNode, link, make, nameOf, scene, stamp, timeOf, whenOf } from "/_static/scene.js";

const GROUPED_S = 300;
const HUES = 8;

export function avatar(userId, className = "avatar") {
  const person = scene.people.get(userId);
  if (!person || person.bot) return make("img", { class: className, src: "/_static/icon.svg", alt: "" });
  const initials = person.real_name.split(/\s+/).slice(0, 2).map((word) => [...word][0]).join("").toLocaleUpperCase();
  const hue = [...userId].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % HUES;
  return make("span", { class: `${className} initials hue-${hue}`, "aria-hidden": "true" }, initials);
}

export function permalinkOf(channel, message) {
  const base = `/archives/${encodeURIComponent(channel)}/p${message.ts.replace(".", "")}`;
  const parent = message.thread_ts;
  return parent && parent !== message.ts ? `${base}?thread_ts=${parent}&cid=${channel}` : base;
}

function authorOf(message) {
  return message.username ?? message.bot_profile?.name ?? nameOf(message.user);
}

function sameAuthor(one, other) {
  return one && one.user === other.user && one.username === other.username && one.icons?.emoji === other.icons?.emoji;
}

// onThread(ts) opens a thread; absent inside one, where a row doesn't offer it again.
export function row(channel, message, { grouped = false, onThread = null } = {}) {
  const date = stamp(message.ts);
  const time = make("a", { class: "time", href: permalinkOf(channel, message), title: date.toLocaleString(scene.locale) }, timeOf(date));
  const made = make("article", { class: "message", id: `m-${message.ts}`, "data-ts": message.ts });
  if (message.subtype === "tombstone") {
    made.append(make("div", { class: "gutter" }, make("span", { class: "avatar gone" }, "🗑")));
    made.append(make("div", { class: "body" }, make("p", { class: "faint" }, scene.texts.deleted), threadBar(message, onThread)));
    return made;
  }
  if (message.is_ephemeral) made.classList.add("ephemeral");
  if (grouped) made.classList.add("grouped");
  made.append(make("div", { class: "gutter" }, grouped ? time : face(message)));
  const body = make("div", { class: "body" });
  if (message.is_ephemeral) body.append(make("p", { class: "note" }, `👁 ${scene.texts.onlyYou}`));
  if (message.subtype === "thread_broadcast" && onThread) body.append(broadcastNote(message, onThread));
  if (!grouped) body.append(head(message, time));
  body.append(...content(channel, message));
  body.append(reactions(message), threadBar(message, onThread));
  made.append(body, messageMenu(channel, message));
  return made;
}

function face(message) {
  const emoji = message.icons?.emoji;
  if (emoji) return make("span", { class: "avatar emoji-face" }, emojiNode(emoji.replaceAll(":", "")));
  return avatar(message.user);
}

function head(message, time) {
  const app = message.bot_id ? make("span", { class: "badge" }, scene.texts.app) : null;
  return make("div", { class: "head" }, make("b", { class: "author" }, authorOf(message)), app, time);
}

function broadcastNote(message, onThread) {
  const open = make("button", { type: "button", class: "linklike", onclick: () => onThread(message.thread_ts, message.ts) }, scene.texts.thread);
  return make("p", { class: "note" }, `↩ ${scene.texts.alsoSent}: `, open);
}

function content(channel, message) {
  const edited = message.edited ? make("span", { class: "edited", title: whenOf(stamp(message.edited.ts)) }, scene.texts.edited) : null;
  const parts = [];
  const surface = messageSurface(channel, message);
  if (message.blocks?.length) {
    parts.push(make("div", { class: "blocks" }, ...renderBlocks(message.blocks, surface), edited));
  } else if (message.text) {
    parts.push(make("div", { class: "text" }, ...(message.mrkdwn === false ? [message.text] : mrkdwn(message.text)), " ", edited));
  } else if (edited) {
    parts.push(edited);
  }
  for (const file of message.files ?? []) parts.push(make("div", { class: "b-file" }, "📄 ", link(file.url_private, file.title || file.name)));
  return parts.concat((message.attachments ?? []).map((one) => attachment(one, surface)));
}

const BARS = { good: "#2eb67d", warning: "#ecb22e", danger: "#e01e5a" };

function attachment(one, surface) {
  const made = make("div", { class: "attachment" });
  const color = BARS[one.color] ?? one.color ?? "";
  // Set as a property: a style attribute would break the page's own policy.
  if (/^#?[0-9a-f]{3,8}$/i.test(color)) made.style.setProperty("--bar", color.startsWith("#") ? color : `#${color}`);
  if (one.pretext) made.append(make("div", { class: "pretext" }, ...mrkdwn(one.pretext)));
  const inside = make("div", { class: "attachment-body" });
  if (one.author_name) inside.append(make("div", { class: "faint" }, one.author_link ? link(one.author_link, one.author_name) : one.author_name));
  if (one.title) inside.append(make("div", { class: "attachment-title" }, one.title_link ? link(one.title_link, ...mrkdwn(one.title)) : make("span", {}, ...mrkdwn(one.title))));
  if (one.text) inside.append(make("div", {}, ...mrkdwn(one.text)));
  if (one.blocks) inside.append(make("div", { class: "blocks" }, ...renderBlocks(one.blocks, surface)));
  if (one.fields) inside.append(make("div", { class: "b-fields" }, ...one.fields.map(field)));
  if (one.image_url) inside.append(picture({ image_url: one.image_url, alt_text: one.fallback }, "b-picture"));
  if (!inside.childNodes.length && one.fallback) inside.append(make("div", {}, one.fallback));
  const foot = [one.footer, one.ts ? whenOf(stamp(String(one.ts))) : ""].filter(Boolean).join(" · ");
  if (foot) inside.append(make("div", { class: "faint" }, foot));
  made.append(inside);
  return made;
}

function field(one) {
  const width = one.short ? "b-field" : "b-field wide";
  return make("div", { class: width }, make("b", {}, one.title ?? ""), make("br"), ...mrkdwn(String(one.value ?? "")));
}

function reactions(message) {
  if (!message.reactions?.length) return "";
  const pills = message.reactions.map((one) => {
    const names = one.users.map((user) => (user === scene.viewer ? scene.texts.you : nameOf(user))).join(", ");
    const mine = one.users.includes(scene.viewer) ? "reaction mine" : "reaction";
    return make("span", { class: mine, title: scene.texts.reactedBy(names, one.name) }, emojiNode(one.name), make("span", {}, String(one.count)));
  });
  return make("div", { class: "reactions" }, ...pills);
}

function threadBar(message, onThread) {
  if (!message.reply_count || !onThread) return "";
  const faces = message.reply_users.slice(0, 4).map((user) => avatar(user, "avatar tiny"));
  return make(
    "button",
    { type: "button", class: "thread-bar", onclick: () => onThread(message.ts) },
    ...faces,
    make("b", {}, scene.texts.repliesCount(message.reply_count)),
    make("span", { class: "faint" }, scene.texts.lastReply(whenOf(stamp(message.latest_reply)))),
  );
}

// Nodes of an earlier drawing, by name: what looks the same is the same node, so that focus, selection and a screen
// reader's place survive.
export class Drawn {
  constructor() {
    this.before = new Map();
    this.now = new Map();
  }

  start() {
    this.before = this.now;
    this.now = new Map();
  }

  node(name, looks, build) {
    const old = this.before.get(name);
    const kept = old?.looks === looks ? old : { looks, node: build() };
    this.now.set(name, kept);
    return kept.node;
  }

  forget() {
    this.now.clear();
  }
}

// The nodes of a whole list. ``read``: the ts up to which the viewer had read when the list was opened; ``dayOf``: the ts
// of a message above the list, whose day needs no line again.
export function rows(drawn, channel, messages, { read = null, onThread = null, dayOf: above = null } = {}) {
  const nodes = [];
  let before = null;
  let marked = read === null;
  for (const message of messages) {
    const day = stamp(message.ts).toDateString();
    const previous = before?.ts ?? above;
    const newDay = !previous || stamp(previous).toDateString() !== day;
    const isNew = !marked && message.ts > read && message.user !== scene.viewer;
    if (newDay) nodes.push(drawn.node(`day ${day}`, "", () => line("day", capital(dayOf(stamp(message.ts))))));
    if (isNew) {
      marked = true;
      if (before) nodes.push(drawn.node("new", "", () => line("new-mark", scene.texts.newMark)));
    }
    const close = before && Number.parseFloat(message.ts) - Number.parseFloat(before.ts) < GROUPED_S;
    const plain = message.subtype !== "tombstone" && before?.subtype !== "tombstone" && !message.is_ephemeral && !before?.is_ephemeral;
    const grouped = Boolean(!newDay && !isNew && close && plain && sameAuthor(before, message) && message.subtype !== "thread_broadcast");
    const looks = `${grouped} ${JSON.stringify(message)}`;
    nodes.push(drawn.node(message.ts, looks, () => row(channel, message, { grouped, onThread })));
    before = message;
  }
  return nodes;
}

export function line(className, text) {
  return make("div", { class: className, role: "separator" }, make("span", {}, text));
}

function capital(text) {
  return text.charAt(0).toLocaleUpperCase(scene.locale) + text.slice(1);
}
