// Slack's mrkdwn (https://docs.slack.dev/messaging/formatting-message-text) as nodes.
import { dayOf, emojiNode, link, make, nameOf, scene, timeOf } from "/_static/scene.js";

const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };
const STYLES = { "*": "b", _: "i", "~": "s" };
// In order: an angle bracket form, code, bold, italic, strike, an emoji, a bare address, a line break.
const INLINE = new RegExp(
  [
    "<([^<>\\n]+)>",
    "`([^`\\n]+)`",
    "(?<![\\p{L}\\p{N}*])\\*(?![\\s*])((?:<[^>\\n]*>|[^*\\n])*?[^\\s*])\\*(?![\\p{L}\\p{N}*])",
    "(?<![\\p{L}\\p{N}_])_(?![\\s_])((?:<[^>\\n]*>|:[\\w+-]+:|[^_\\n])*?[^\\s_])_(?![\\p{L}\\p{N}_])",
    "(?<![\\p{L}\\p{N}~])~(?![\\s~])((?:<[^>\\n]*>|[^~\\n])*?[^\\s~])~(?![\\p{L}\\p{N}~])",
    "(:[a-z0-9_+'-]+(?:::skin-tone-[2-6])?:)",
    "(https?://[^\\s<>|*~`]+[^\\s<>|*~`.,;:!?)\\]'\"])",
    "(\\n)",
  ].join("|"),
  "gu",
);

export function unescape(text) {
  return text.replace(/&(?:amp|lt|gt);/g, (entity) => ENTITIES[entity]);
}

export function plainText(text, emoji = true) {
  const nodes = [];
  let from = 0;
  for (const found of emoji ? text.matchAll(/:([a-z0-9_+'-]+(?:::skin-tone-[2-6])?):/g) : []) {
    nodes.push(text.slice(from, found.index), emojiNode(found[1]));
    from = found.index + found[0].length;
  }
  nodes.push(text.slice(from));
  return nodes;
}

export function mrkdwn(text) {
  const nodes = [];
  for (const [index, piece] of text.split("```").entries()) {
    const isCode = index % 2 === 1;
    if (isCode && text.split("```").length - 1 > index) nodes.push(make("pre", {}, unescape(piece.replace(/^\n|\n$/g, ""))));
    else if (isCode) nodes.push(...inline(`\`\`\`${piece}`));
    else if (piece) nodes.push(...quotes(piece));
  }
  return nodes;
}

function quotes(text) {
  const nodes = [];
  let quoted = null;
  const rest = [];
  const flush = () => {
    if (rest.length) nodes.push(...inline(rest.splice(0).join("\n")));
  };
  for (const line of text.split("\n")) {
    const body = /^(?:&gt;|>) ?(.*)$/.exec(line)?.[1];
    if (body === undefined) {
      quoted = null;
      rest.push(line);
      continue;
    }
    flush();
    if (quoted) quoted.append(make("br"), ...inline(body));
    else nodes.push((quoted = make("blockquote", {}, ...inline(body))));
  }
  flush();
  return nodes;
}

function inline(text) {
  const nodes = [];
  let from = 0;
  for (const found of text.matchAll(INLINE)) {
    nodes.push(unescape(text.slice(from, found.index)));
    from = found.index + found[0].length;
    const [whole, angle, code, bold, italic, strike, emoji, url, line] = found;
    if (angle) nodes.push(bracket(angle, whole));
    else if (code) nodes.push(make("code", {}, unescape(code)));
    else if (bold ?? italic ?? strike) nodes.push(make(STYLES[whole[0]], {}, ...inline(bold ?? italic ?? strike)));
    else if (emoji) nodes.push(emojiNode(emoji.slice(1, -1)));
    else if (url) nodes.push(link(unescape(url), unescape(url)));
    else if (line) nodes.push(make("br"));
  }
  nodes.push(unescape(text.slice(from)));
  return nodes;
}

// What stands between < and >: a mention, a channel, a command, a link; anything else is shown as it was written.
function bracket(body, whole) {
  const [target, ...rest] = body.split("|");
  const label = rest.length ? unescape(rest.join("|")) : "";
  const sign = target[0];
  if (sign === "@") return mention(`@${nameOf(target.slice(1))}`, target.slice(1) === scene.viewer, scene.people.has(target.slice(1)) ? "" : label);
  if (sign === "#") return channelLink(target.slice(1), label);
  if (sign === "!") return command(target.slice(1), label, whole);
  if (/^(https?:|mailto:|tel:)/i.test(target)) return link(unescape(target), label || unescape(target).replace(/^mailto:|^tel:/, ""));
  return document.createTextNode(unescape(whole));
}

function mention(text, mine, label = "") {
  return make("span", { class: mine ? "mention mine" : "mention" }, label || text);
}

function channelLink(id, label) {
  const name = scene.channels[id] ?? label;
  if (!name) return mention(`#${id}`, false);
  return make("a", { class: "mention", href: `#/archives/${encodeURIComponent(id)}` }, `#${name}`);
}

function command(body, label, whole) {
  const [name, ...parts] = body.split("^");
  if (["here", "channel", "everyone"].includes(name)) return mention(`@${name}`, true);
  if (name === "subteam") return mention(label || `@${scene.usergroups[parts[0]] ?? parts[0]}`, false);
  if (name === "date") return dateNode(parts[0], parts[1] ?? "", parts[2] ?? "", label);
  return document.createTextNode(label || unescape(whole));
}

const LONG = { year: "numeric", month: "long", day: "numeric" };
const SHORT = { year: "numeric", month: "short", day: "numeric" };
const FULL = { weekday: "long", ...LONG };
const TOKENS = {
  date_num: (date) => `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, "0")}-${String(date.getDate()).padStart(2, "0")}`,
  date: (date) => dayOf(date, LONG, false),
  date_short: (date) => dayOf(date, SHORT, false),
  date_long: (date) => dayOf(date, FULL, false),
  date_pretty: (date) => dayOf(date, LONG),
  date_short_pretty: (date) => dayOf(date, SHORT),
  date_long_pretty: (date) => dayOf(date, FULL),
  day_divider_pretty: (date) => dayOf(date, FULL),
  time: (date) => timeOf(date),
  time_secs: (date) => timeOf(date, true),
  ago,
};

export function dateNode(seconds, format, url, fallback) {
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) return document.createTextNode(fallback);
  const text = format.replace(/\{(\w+)\}/g, (token, name) => TOKENS[name]?.(date) ?? token);
  const node = make("time", { datetime: date.toISOString(), title: date.toLocaleString(scene.locale) }, text);
  return url ? link(url, node) : node;
}

function ago(date) {
  const seconds = (date.getTime() - Date.now()) / 1000;
  const units = [["day", 86_400], ["hour", 3600], ["minute", 60]];
  const words = new Intl.RelativeTimeFormat(scene.locale, { numeric: "auto" });
  for (const [unit, size] of units) {
    if (Math.abs(seconds) >= size) return words.format(Math.round(seconds / size), unit);
  }
  return words.format(Math.round(seconds), "second");
}
