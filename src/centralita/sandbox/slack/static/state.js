// What is open and what is in it; how to ask the server; what the address names.
import { scene } from "/_static/scene.js";

export const at = (id) => document.getElementById(id);
export const state = {
  team: "",
  conversations: new Map(),
  apps: [],
  workspaces: [],
  open: "",
  home: "",
  messages: [],
  more: false,
  read: "",
  thread: "",
  replies: [],
  target: "",
  behind: 0,
  stream: null,
  opening: 0,
  loading: 0,
};

export async function ask(path, body) {
  const options = body ? { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) } : {};
  const response = await fetch(path, options);
  return response.json();
}

export function query(parameters) {
  return new URLSearchParams({ user: scene.viewer, ...parameters }).toString();
}

// Both /archives/C1/p1700000000000100 and /#/archives/... name a conversation, a message, and maybe its thread.
export function place() {
  const source = location.hash.startsWith("#/archives/") ? location.hash.slice(1) : location.pathname + location.search;
  const [path, search = ""] = source.split("?");
  const home = /^\/app\/([^/]+)$/.exec(path)?.[1] ?? "";
  const found = /^\/archives\/([^/]+)(?:\/p(\d{7,}))?\/?$/.exec(path);
  const digits = found?.[2];
  return {
    home,
    channel: found ? decodeURIComponent(found[1]) : "",
    ts: digits ? `${digits.slice(0, -6)}.${digits.slice(-6)}` : "",
    thread: new URLSearchParams(search).get("thread_ts") ?? "",
  };
}
