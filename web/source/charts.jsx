// Two kinds of charts: a large one by uPlot, and a line beside a number.
import {useEffect, useRef, useState} from "preact/hooks";
import uPlot from "uplot";

const dark = matchMedia("(prefers-color-scheme: dark)");

// Changes when the colours do.
export function useScheme() {
  const [isDark, setDark] = useState(dark.matches);
  useEffect(() => {
    const change = () => setDark(dark.matches);
    dark.addEventListener("change", change);
    return () => dark.removeEventListener("change", change);
  }, []);
  return isDark;
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const washed = (value, part) => `color-mix(in srgb, ${value} ${part}%, transparent)`;

const grid = () => ({stroke: colour("line"), width: 1});
const axis = (more) => ({stroke: colour("muted"), font: "12px system-ui, sans-serif", grid: grid(), ticks: {show: false}, ...more});
const times = uPlot.tzDate ? [[60, "{HH}:{mm}", null, null, null, null, null, null, 1], [1, "{HH}:{mm}:{ss}", null, null, null, null, null, null, 1]] : undefined;

const decades = (_, splits) => splits.map((each) => (Math.abs(Math.log10(each) - Math.round(Math.log10(each))) < 1e-6 ? each : null));

// series: [{label, colour, value, isLine?, dash?}]; data: [times, values, …] as they are read. Stacked ones are drawn as
// areas, each on those below it.
export function Chart({series, data, label, unit, isStacked, isLogarithmic, height = 240, range}) {
  const place = useRef(null), plot = useRef(null), raw = useRef(data);
  const scheme = useScheme();
  raw.current = data;

  useEffect(() => {
    const box = place.current;
    const shown = series.map((each, i) => ({
      label: each.label,
      stroke: colour(each.colour),
      width: each.width ?? 2,
      dash: each.dash,
      fill: isStacked ? washed(colour(each.colour), 22) : undefined,
      // One or two values make no line that could be seen.
      points: {show: (chart, at) => chart.data[at].filter((value) => value !== null).length < 3, size: 6, fill: colour(each.colour)},
      spanGaps: !isStacked,
      // Read from what was measured, not from where it is drawn.
      value: (_, __, ___, index) => (index === null || index === undefined ? "–" : unit(raw.current[i + 1]?.[index] ?? null)),
    }));
    const options = {
      width: box.clientWidth,
      height,
      cursor: {sync: {key: "reprise"}, points: {size: 7}, drag: {x: false, y: false}},
      padding: [12, 26, 0, 0],
      hooks: {setCursor: [(chart) => chart.cursor.idx === null && last(chart)]},
      legend: {live: true, markers: {width: 0, fill: (_, i) => (i > 0 ? colour(series[i - 1].colour) : "transparent")}},
      scales: {
        x: {time: true, range: () => {
          const end = raw.current[0].at(-1) ?? Date.now() / 1000;
          return [end - range, end];
        }},
        y: isLogarithmic ? {distr: 3, range: (_, low, high) => [Math.max(0.01, 10 ** Math.floor(Math.log10(low || 0.1))), 10 ** Math.ceil(Math.log10(Math.max(high || 1, 1)))]}
                         : {range: (_, __, high) => [0, Math.max(high * 1.15, 1)]},
      },
      axes: [axis({values: times, space: 70, size: 38, gap: 10}),
             axis({size: 66, space: 36, gap: 10, values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : unit(tick))),
                   ...(isLogarithmic ? {filter: decades, grid: {...grid(), filter: decades}} : {})})],
      series: [{value: (_, at) => (at ? new Date(at * 1000).toLocaleTimeString("en-GB") : "–"), label: "Time"}, ...shown],
      bands: isStacked ? series.slice(1).map((_, i) => ({series: [i + 2, i + 1]})) : undefined,
    };
    plot.current = new uPlot(options, drawn(data, isStacked), box);
    last(plot.current);
    const observer = new ResizeObserver(() => plot.current?.setSize({width: box.clientWidth, height}));
    observer.observe(box);
    return () => {
      observer.disconnect();
      plot.current.destroy();
      plot.current = null;
    };
  }, [scheme, range, series.length, height]);

  useEffect(() => {
    plot.current.setData(drawn(data, isStacked));
    if (plot.current.cursor.idx === null || plot.current.cursor.left < 0) last(plot.current);
  }, [data]);
  return <div class="chart" ref={place} role="img" aria-label={label} />;
}

// Where nobody points at a moment, the latest is told.
function last(chart) {
  const end = chart.data[0].length - 1;
  if (end >= 0) chart.setLegend({idx: end}, false);
}

// uPlot draws the first of stacked series last, and so on top: sums from the bottom up.
function drawn(data, isStacked) {
  if (!isStacked) return data;
  const sums = [data[0]];
  let below = data[0].map(() => 0);
  for (const values of data.slice(1)) {
    const before = below;
    below = values.map((value, i) => before[i] + (value ?? 0));
    // Where there was nothing of a kind, its line would lie on the one below and hide it.
    const isThere = (i) => values[i] > 0 || values[i - 1] > 0 || values[i + 1] > 0;
    sums.push(below.map((sum, i) => (isThere(i) ? sum : null)));
  }
  return sums;
}

// A line without axes: what a number was like of late.
export function Spark({values, colour: name}) {
  const width = 120, height = 36;
  if (values.length < 2) return <svg class="spark" viewBox={`0 0 ${width} ${height}`} aria-hidden="true" />;
  const high = Math.max(...values.map((value) => value ?? 0), 1e-9);
  const x = (i) => (i / (values.length - 1)) * width;
  const y = (value) => height - 2 - ((value ?? 0) / high) * (height - 4);
  const line = values.map((value, i) => `${i === 0 ? "M" : "L"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  return (
    <svg class={`spark ink-${name}`} viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      <path class="spark-area" d={`${line}L${width} ${height}L0 ${height}Z`} />
      <path class="spark-line" d={line} />
    </svg>
  );
}
