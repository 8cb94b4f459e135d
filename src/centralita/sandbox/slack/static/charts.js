// data_visualization: a pie, or bars, lines and areas over categories, as SVG, with its numbers as a table beside.
import { make, scene } from "/_static/scene.js";

const WIDTH = 440;
const HEIGHT = 180;
const FLOOR = HEIGHT - 22;
const TOP = 10;

export function drawChart({ title, chart }) {
  const drawn = chart.type === "pie" ? pie(chart.segments) : plot(chart);
  drawn.setAttribute("role", "img");
  drawn.setAttribute("aria-label", scene.texts.chart(title));
  const names = (chart.segments ?? chart.series).map((one) => one.label ?? one.name);
  const legend = names.map((name, index) => make("span", {}, make("i", { class: `tone-${index}` }), name));
  return make("figure", { class: "b-data" }, make("figcaption", {}, title), drawn, make("p", { class: "b-legend" }, ...legend), numbers(chart));
}

// What a picture can't say to everybody.
function numbers(chart) {
  const rows = chart.segments
    ? chart.segments.map((one) => [one.label, one.value])
    : chart.axis_config.categories.map((name) => [name, ...chart.series.map((one) => valueAt(one, name))]);
  return make("table", { class: "sr" }, ...rows.map((row) => make("tr", {}, ...row.map((cell) => make("td", {}, String(cell))))));
}

function svg(tag, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const valueAt = (series, category) => series.data.find((point) => point.label === category)?.value ?? 0;

function pie(segments) {
  const sum = segments.reduce((total, one) => total + Math.max(0, one.value), 0) || 1;
  const radius = 40;
  const around = 2 * Math.PI * radius;
  let before = 0;
  const slices = segments.map((one, index) => {
    const part = (Math.max(0, one.value) / sum) * around;
    const slice = svg("circle", { cx: 90, cy: 90, r: radius, class: `slice tone-${index}`, "stroke-dasharray": `${part} ${around - part}`, "stroke-dashoffset": -before });
    before += part;
    return slice;
  });
  return svg("svg", { viewBox: "0 0 180 180", class: "b-pie" }, svg("g", { transform: "rotate(-90 90 90)" }, ...slices));
}

function plot({ type, series, axis_config: axis }) {
  const values = series.flatMap((one) => one.data.map((point) => point.value));
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  const y = (value) => FLOOR - ((value - low) / (high - low || 1)) * (FLOOR - TOP);
  const step = WIDTH / axis.categories.length;
  const x = (index) => step * (index + 0.5);
  const shapes = series.map((one, order) => {
    const points = axis.categories.map((name, index) => [x(index), y(valueAt(one, name))]);
    if (type === "bar") return bars(points, order, series.length, step, y(0));
    const path = points.map(([left, top]) => `${left},${top}`).join(" ");
    if (type === "line") return svg("polyline", { points: path, class: `line tone-${order}` });
    return svg("polygon", { points: `${x(0)},${y(0)} ${path} ${x(points.length - 1)},${y(0)}`, class: `area tone-${order}` });
  });
  const words = axis.categories.map((name, index) => svg("text", { x: x(index), y: HEIGHT - 6, "text-anchor": "middle" }, name));
  return svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "b-plot" }, svg("line", { x1: 0, x2: WIDTH, y1: y(0), y2: y(0), class: "axis" }), ...shapes, ...words);
}

function bars(points, order, count, step, zero) {
  const width = Math.min(36, (step * 0.7) / count);
  const from = -(width * count) / 2 + width * order;
  const drawn = points.map(([left, top]) => svg("rect", { x: left + from, y: Math.min(top, zero), width: width - 1, height: Math.abs(zero - top), class: `bar tone-${order}` }));
  return svg("g", {}, ...drawn);
}
