// The rail: every conversation that the viewer is in, with what is unread; and the page's words and title.
import { avatar } from "/_static/messages.js";
import { make, nameOf, scene } from "/_static/scene.js";
import { at, state } from "/_static/state.js";

export function titleOf(conversation) {
  if (!conversation.kind.endsWith("im")) return `#${conversation.name}`;
  return conversation.members.filter((user) => user !== scene.viewer).map(nameOf).join(", ");
}

export function drawRail() {
  const focused = document.activeElement?.dataset.channel;
  drawTeam();
  const all = [...state.conversations.values()];
  const channels = all.filter((one) => !one.kind.endsWith("im"));
  const direct = all.filter((one) => one.kind.endsWith("im"));
  at("lists").replaceChildren(
    ...[[scene.texts.channels, channels], [scene.texts.direct, direct]]
      .filter(([, some]) => some.length)
      .map(([label, some]) => make("section", {}, make("h2", {}, label), make("ul", {}, ...some.map(railItem)))),
    ...homes(),
  );
  if (focused) document.querySelector(`#lists a[data-channel="${CSS.escape(focused)}"]`)?.focus();
  drawTitle();
}

// The name; with more than one workspace, a choice.
function drawTeam() {
  at("team").textContent = state.team;
  const several = state.workspaces.length > 1;
  at("team").hidden = several;
  at("teams").hidden = !several;
  const shown = JSON.stringify(state.workspaces);
  if (at("workspace").dataset.shown === shown) return; // an open list stays open
  at("workspace").dataset.shown = shown;
  at("workspace").replaceChildren(
    ...state.workspaces.map((one) => make("option", { value: one.id, selected: one.current }, one.name)),
  );
}

function homes() {
  const apps = state.apps.filter((app) => app.home);
  if (!apps.length) return [];
  const item = (app) =>
    make("li", {}, make("a", { href: `/app/${app.id}`, "data-app": app.id, "aria-current": app.id === state.home ? "page" : null }, make("img", { class: "avatar tiny", src: "/_static/icon.svg", alt: "" }), make("span", { class: "item-name" }, app.name)));
  return [make("section", {}, make("h2", {}, scene.texts.apps), make("ul", {}, ...apps.map(item)))];
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

export function drawWords() {
  for (const one of document.querySelectorAll("[data-text]")) one.textContent = scene.texts[one.dataset.text];
  for (const one of document.querySelectorAll("[data-label]")) {
    one.setAttribute("aria-label", scene.texts[one.dataset.label]);
    if (one.tagName === "BUTTON") one.title = scene.texts[one.dataset.label];
  }
}
