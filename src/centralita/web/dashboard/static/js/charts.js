// Latency that one can zoom into: uPlot over the table that stands below it anyway.
export function charts() {
  for (const place of document.querySelectorAll("[data-chart]:not([data-drawn])")) {
    if (!window.uPlot) return;
    place.setAttribute("data-drawn", "yes");
    const given = JSON.parse(document.getElementById(place.dataset.chart).textContent);
    const colour = (name) => getComputedStyle(place).getPropertyValue(name).trim();
    const lamps = [colour("--waiting"), colour("--ink-soft"), colour("--held"), colour("--failed")];
    const axis = { stroke: colour("--ink-soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
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
      }))],
      axes: [{ ...axis, values: (_, ticks) => ticks.map((at) => clock.format(new Date(at * 1000))) }, { ...axis, size: 60, values: (_, ticks) => ticks.map((tick) => `${tick} ${given.unit}`) }],
    }, [given.at, ...given.series.map((each) => each.values)], place);
    new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: 260 })).observe(place);
  }
}
