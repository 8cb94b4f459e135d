// What every part of the page needs to know: who looks, in which language, who is who; and how to make an element.
import { TEXTS } from "/_static/texts.js";

export const scene = {
  viewer: "",
  locale: "es",
  texts: TEXTS.es,
  people: new Map(),
  usergroups: {},
  channels: {},
  emoji: {},
};

export function setLocale(slackLocale) {
  // Slack's es-LA is Latin America; to the browser that would be Laos.
  scene.locale = slackLocale === "es-LA" ? "es-419" : slackLocale || "en-US";
  scene.texts = scene.locale.startsWith("es") ? TEXTS.es : TEXTS.en;
  document.documentElement.lang = scene.locale;
}

// A child is a node, or text; null is left out. Text never becomes markup.
export function make(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") made.className = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

const SAFE = /^(https?:|mailto:|tel:)/i;

export function link(url, ...children) {
  if (!SAFE.test(url)) return make("span", {}, ...children);
  return make("a", { href: url, target: "_blank", rel: "noopener noreferrer", title: url }, ...children);
}

export function emojiNode(name) {
  const plain = name.split("::")[0];
  const sign = Object.hasOwn(scene.emoji, plain) ? scene.emoji[plain] : flag(plain);
  if (!sign) return document.createTextNode(`:${name}:`);
  return make("span", { class: "emoji", role: "img", "aria-label": plain, title: `:${name}:` }, sign);
}

function flag(name) {
  const country = /^flag-([a-z]{2})$/.exec(name)?.[1];
  return country && String.fromCodePoint(...[...country].map((letter) => 0x1f1e6 + letter.charCodeAt(0) - 97));
}

export function nameOf(userId) {
  return scene.people.get(userId)?.real_name ?? userId;
}

export function stamp(ts) {
  return new Date(Number.parseFloat(ts) * 1000);
}

export function timeOf(date, seconds = false) {
  const second = seconds ? "2-digit" : undefined;
  return date.toLocaleTimeString(scene.locale, { hour: "numeric", minute: "2-digit", second });
}

export function dayOf(date, options = { weekday: "long", day: "numeric", month: "long" }, pretty = true) {
  const days = Math.round((midnight(date) - midnight(new Date())) / 86_400_000);
  if (pretty && days === 0) return scene.texts.today;
  if (pretty && days === -1) return scene.texts.yesterday;
  if (pretty && days === 1) return scene.texts.tomorrow;
  return date.toLocaleDateString(scene.locale, options);
}

function midnight(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

export function whenOf(date) {
  return scene.texts.at(dayOf(date).toLocaleLowerCase(scene.locale), timeOf(date));
}
