// Block Kit (https://docs.slack.dev/reference/block-kit/blocks) as nodes.
import { control, INERT, textNodes } from "/_static/controls.js";
import { drawChart } from "/_static/charts.js";
import { dateNode, plainText } from "/_static/mrkdwn.js";
import { emojiNode, link, make, nameOf, scene } from "/_static/scene.js";

const BLOCKS = {
  header: (block) => make("h3", { class: "b-header" }, ...textNodes(block.text)),
  divider: () => make("hr"),
  section,
  context: (block) => make("div", { class: "b-context" }, ...block.elements.map(contextElement)),
  actions: (block, surface) => make("div", { class: "b-actions" }, ...block.elements.map((one) => element(one, block, surface))),
  image: imageBlock,
  rich_text: (block) => make("div", { class: "b-rich" }, ...block.elements.map(richElement)),
  input,
  markdown: (block) => make("div", { class: "b-markdown" }, ...markdown(block.text)),
  table,
  data_table: (block) => make("figure", { class: "b-data" }, make("figcaption", {}, block.caption), table(block)),
  data_visualization: (block) => drawChart(block),
  video: (block) => make("div", { class: "b-video" }, link(block.title_url ?? block.video_url, ...textNodes(block.title))),
  file: (block) => make("div", { class: "b-file" }, `📄 ${block.external_id}`),
};

// ``surface``: what acting on an element does; without one, nothing.
export function renderBlocks(blocks, surface = INERT) {
  return blocks.map((block) => BLOCKS[block.type]?.(block, surface) ?? make("div", { class: "b-unknown" }, `[${block.type}]`));
}

function element(one, block, surface) {
  return one.type === "image" ? picture(one, "b-thumb") : control(one, block.block_id, surface);
}

function input(block, surface) {
  const label = block.label?.text ?? "";
  const made = control({ ...block.element, label, inInput: true, dispatch: block.dispatch_action }, block.block_id, surface);
  const optional = block.optional ? make("span", { class: "faint" }, ` ${scene.texts.optional}`) : null;
  const hint = block.hint ? make("p", { class: "faint" }, ...textNodes(block.hint)) : null;
  return make("div", { class: "b-input", "data-block": block.block_id }, make("span", { class: "label" }, ...textNodes(block.label), optional), made, hint);
}

function section(block, surface) {
  const fields = block.fields?.map((field) => make("div", { class: "b-field" }, ...textNodes(field)));
  return make(
    "div",
    { class: "b-section" },
    make(
      "div",
      { class: "b-section-text" },
      block.text ? make("div", {}, ...textNodes(block.text)) : null,
      fields ? make("div", { class: "b-fields" }, ...fields) : null,
    ),
    block.accessory ? make("div", { class: "b-accessory" }, element(block.accessory, block, surface)) : null,
  );
}

function contextElement(one) {
  return one.type === "image" ? picture(one, "b-icon") : make("span", {}, ...textNodes(one));
}

function imageBlock(block) {
  return make(
    "figure",
    { class: "b-image" },
    block.title ? make("figcaption", {}, ...textNodes(block.title)) : null,
    picture(block, "b-picture"),
  );
}

export function picture(block, className) {
  const image = make("img", { class: className, src: block.image_url ?? "", alt: block.alt_text ?? "", loading: "lazy" });
  image.addEventListener("error", () => {
    image.replaceWith(make("span", { class: "b-noimage", title: scene.texts.image }, `🖼 ${block.alt_text || scene.texts.image}`));
  });
  return image;
}

const RICH = {
  rich_text_section: (one) => make("div", {}, ...one.elements.map(richInline)),
  rich_text_preformatted: (one) => make("pre", {}, ...one.elements.map((part) => part.text ?? part.url ?? "")),
  rich_text_quote: (one) => make("blockquote", {}, ...one.elements.map(richInline)),
  rich_text_list: (one) => {
    const items = one.elements.map((item) => make("li", {}, ...item.elements.map(richInline)));
    const indent = Math.min(Math.max(Number(one.indent) || 0, 0), 8);
    return make(one.style === "ordered" ? "ol" : "ul", { class: `indent-${indent}`, start: one.offset ? one.offset + 1 : null }, ...items);
  },
};

function richElement(one) {
  return RICH[one.type]?.(one) ?? make("span", {});
}

const RICH_INLINE = {
  text: (part) => lines(part.text),
  link: (part) => [link(part.url, part.text || part.url)],
  user: (part) => [make("span", { class: part.user_id === scene.viewer ? "mention mine" : "mention" }, `@${nameOf(part.user_id)}`)],
  usergroup: (part) => [make("span", { class: "mention" }, `@${scene.usergroups[part.usergroup_id] ?? part.usergroup_id}`)],
  channel: (part) => [make("a", { class: "mention", href: `#/archives/${encodeURIComponent(part.channel_id)}` }, `#${scene.channels[part.channel_id] ?? part.channel_id}`)],
  broadcast: (part) => [make("span", { class: "mention mine" }, `@${part.range}`)],
  emoji: (part) => [emojiNode(part.name)],
  date: (part) => [dateNode(part.timestamp, part.format ?? "", part.url ?? "", part.fallback ?? "")],
  color: (part) => [make("code", {}, part.value)],
};

function richInline(part) {
  let nodes = RICH_INLINE[part.type]?.(part) ?? [];
  for (const [style, tag] of [["code", "code"], ["strike", "s"], ["italic", "i"], ["bold", "b"]]) {
    if (part.style?.[style]) nodes = [make(tag, {}, ...nodes)];
  }
  return make("span", {}, ...nodes);
}

function lines(text) {
  return text.split("\n").flatMap((line, index) => (index ? [make("br"), line] : [line]));
}

function table(block) {
  const cell = (one) => {
    if (one.type === "rich_text") return one.elements.map(richElement);
    return [String(one.text ?? one.value ?? "")];
  };
  const rows = block.rows.map((row, index) => make("tr", {}, ...row.map((one) => make(index ? "td" : "th", {}, ...cell(one)))));
  return make("div", { class: "b-table" }, make("table", {}, make("thead", {}, rows[0]), make("tbody", {}, ...rows.slice(1))));
}

// The part of Markdown that messages use: headings, lists, quotes, fences; inside a line the usual marks.
export function markdown(text) {
  const nodes = [];
  for (const [index, piece] of text.split(/^```\w*$/m).entries()) {
    if (index % 2) nodes.push(make("pre", {}, piece.replace(/^\n|\n$/g, "")));
    else for (const line of piece.split("\n")) nodes.push(markdownLine(line));
  }
  return nodes.filter(Boolean);
}

function markdownLine(line) {
  const heading = /^#{1,6} (.*)/.exec(line);
  if (heading) return make("h3", {}, ...markdownInline(heading[1]));
  const item = /^(\s*)(?:[-*]|\d+\.) (.*)/.exec(line);
  if (item) return make("div", { class: "item" }, "• ", ...markdownInline(item[2]));
  const quote = /^> ?(.*)/.exec(line);
  if (quote) return make("blockquote", {}, ...markdownInline(quote[1]));
  return line.trim() ? make("p", {}, ...markdownInline(line)) : null;
}

const MARKDOWN = /\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|`([^`]+)`|~~([^~]+)~~|\[([^\]]+)\]\(([^)\s]+)\)/g;

function markdownInline(text) {
  const nodes = [];
  let from = 0;
  for (const found of text.matchAll(MARKDOWN)) {
    nodes.push(...plainText(text.slice(from, found.index)));
    from = found.index + found[0].length;
    const [, bold, italic, code, strike, label, url] = found;
    if (label) nodes.push(link(url, ...markdownInline(label)));
    else if (code) nodes.push(make("code", {}, code));
    else nodes.push(make(bold ? "b" : italic ? "i" : "s", {}, ...markdownInline(bold ?? italic ?? strike)));
  }
  nodes.push(...plainText(text.slice(from)));
  return nodes;
}
