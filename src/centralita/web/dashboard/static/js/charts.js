// Latency that one can zoom into, by dragging or by the buttons above it: uPlot over the table that stands below it anyway.
export function charts(announce) {
  for (const place of document.querySelectorAll("[data-chart]:not([data-drawn])")) {
    if (!window.uPlot) return;
    place.setAttribute("data-drawn", "yes");
    const given = JSON.parse(document.getElementById(place.dataset.chart).textContent);
    const colour = (name) => getComputedStyle(place).getPropertyValue(name).trim();
    const lamps = [colour("--waiting"), colour("--ink-soft"), colour("--held"), colour("--failed")];
    const axis = { stroke: colour("--ink-soft"), font: "12px Inter, system-ui, sans-serif", grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    const days = given.at.at(-1) - given.at[0] > 2 * 86400;
    const clock = new Intl.DateTimeFormat(document.documentElement.lang, { timeZone: given.zone,
      ...(days ? { month: "2-digit", day: "2-digit" } : { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }) });
    const chart = new window.uPlot({
      width: place.clientWidth,
      height: 260,
      tzDate: (at) => window.uPlot.tzDate(new Date(at * 1000), given.zone),
      cursor: { drag: { x: true, y: false } },
      series: [{ label: given.time }, ...given.series.map((each, number) => ({
        label: each.label, stroke: lamps[number % lamps.length], width: 1.5, spanGaps: false,
        value: (_, value) => (value == null ? "–" : `${Math.round(value)} ${given.unit}`),
        points: { filter: (_, __, all) => (all ? null : alone(each.values)) },
      }))],
      axes: [{ ...axis, values: (_, ticks) => ticks.map((at) => clock.format(new Date(at * 1000))) }, { ...axis, size: 60, values: (_, ticks) => ticks.map((tick) => `${tick} ${given.unit}`) }],
    }, [given.at, ...given.series.map((each) => each.values)], place);
    closer(place, chart, clock, announce);
    new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: 260 })).observe(place);
  }
}

// A value without neighbours makes no line: only as a dot it can be seen.
const alone = (values) => [...values.keys()].filter((at) =>
  values[at] != null && values[at - 1] == null && values[at + 1] == null);

// How each button changes what is seen, from and to in seconds.
const STEPS = {
  in: (from, to) => [from + (to - from) / 4, to - (to - from) / 4],
  out: (from, to) => [from - (to - from) / 2, to + (to - from) / 2],
  earlier: (from, to) => [from - (to - from) / 2, to - (to - from) / 2],
  later: (from, to) => [from + (to - from) / 2, to + (to - from) / 2],
  whole: () => [-Infinity, Infinity],
};

function closer(place, chart, clock, announce) {
  const buttons = document.querySelector(`[data-zooms="${place.dataset.chart}"]`);
  if (!buttons) return;
  buttons.hidden = false;
  const [first, last] = [chart.data[0][0], chart.data[0].at(-1)];
  const least = 2 * (chart.data[0][1] - first);
  buttons.addEventListener("click", (event) => {
    const step = STEPS[event.target.closest("[data-zoom]")?.dataset.zoom];
    if (!step) return;
    const [from, to] = step(chart.scales.x.min, chart.scales.x.max);
    const width = Math.min(last - first, Math.max(least, to - from));
    const min = Math.min(last - width, Math.max(first, Number.isFinite(from) ? (from + to - width) / 2 : first));
    chart.setScale("x", { min, max: min + width });
    announce(`${clock.format(new Date(min * 1000))} – ${clock.format(new Date((min + width) * 1000))}`);
  });
}
