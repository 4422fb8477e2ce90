// A line chart by uPlot, in the colours of the page.

import { useEffect, useRef } from "react";
import { LANGUAGE } from "./locale.js"; // before uPlot
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

export interface Line {
  label: string;
  /** Of a colour of the style sheet, without its dashes: `accent`. */
  color: string;
  dashed?: boolean;
  stepped?: boolean;
  values: (number | null)[];
}

const STEPS = [1, 5, 15, 30, 60, 120, 240, 480].map((minutes) => minutes * 60);

interface Props {
  label: string;
  /** Seconds since 1970. */
  times: number[];
  lines: Line[];
  timeZone: string;
  now: number;
  /** The start of the time axis, in seconds since 1970; it ends now. Default: the time of the first figure. */
  from?: number;
  /** Spans whose values say nothing, in seconds since 1970. */
  hatched?: [from: number, to: number][];
  height?: number;
}

const NO_SPANS: [number, number][] = [];

export function Chart({ label, times, lines, timeZone, now, from, hatched = NO_SPANS, height = 150 }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const view = useRef<View>({ now, from, hatched });
  const shape = lines.map((line) => [line.label, line.color, line.dashed, line.stepped].join()).join(";");

  useEffect(() => {
    const parent = place.current;
    if (!parent) return;
    const build = () => {
      plot.current?.destroy();
      plot.current = new uPlot(options(parent, lines, timeZone, height, view), data(times, lines), parent);
    };
    build();
    const fit = new ResizeObserver(() => plot.current?.setSize({ width: parent.clientWidth, height }));
    fit.observe(parent);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const toggled = new MutationObserver(build);
    scheme.addEventListener("change", build);
    toggled.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      fit.disconnect();
      toggled.disconnect();
      scheme.removeEventListener("change", build);
      plot.current?.destroy();
      plot.current = null;
    };
    // Only another shape needs another plot; new values are set below.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [shape, timeZone, height]);

  useEffect(() => {
    view.current = { now, from, hatched };
    plot.current?.setData(data(times, lines));
  }, [times, lines, now, from, hatched]);

  return (
    <figure className="chart" role="img" aria-label={summary(label, lines)}>
      <figcaption aria-hidden="true">
        {lines.map((line) => (
          <span key={line.label} data-color={line.color} data-dashed={line.dashed ?? false}>
            {line.label}
          </span>
        ))}
        {hatched.length > 0 && <span data-hatched="true">suspect</span>}
      </figcaption>
      <div ref={place} className="plot" />
    </figure>
  );
}

interface View {
  now: number;
  from: number | undefined;
  hatched: [from: number, to: number][];
}

const extent = ({ now, from }: View, low: number, high: number): [number, number] =>
  from === undefined ? [low, high] : [from, Math.max(high, now / 1_000)];

const stepped: uPlot.Series.PathBuilder = (...plot) => uPlot.paths.stepped?.({ align: 1 })(...plot) ?? null;

const data = (times: number[], lines: Line[]): uPlot.AlignedData => [times, ...lines.map(({ values }) => values)];

function summary(label: string, lines: Line[]): string {
  const last = lines.map(
    (line) => `${line.label} ${line.values.filter((value) => value !== null).at(-1) ?? "unknown"}`,
  );
  return `${label}. Last values: ${last.join(", ")}.`;
}

function options(
  parent: HTMLElement,
  lines: Line[],
  timeZone: string,
  height: number,
  view: { current: View },
): uPlot.Options {
  const style = getComputedStyle(parent);
  const color = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const font = "11px system-ui, sans-serif";
  const axis = { stroke: color("soft"), font, grid: { stroke: color("line"), width: 1 }, ticks: { show: false } };
  return {
    width: parent.clientWidth || 400,
    height,
    legend: { show: false },
    cursor: { y: false, points: { size: 5 } },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), timeZone),
    scales: {
      x: { range: (_, low, high) => extent(view.current, low, high) },
      y: { range: (_, low, high) => [Math.min(0, low), Math.max(1, high * 1.08)] },
    },
    axes: [
      { ...axis, size: 22, gap: 2, values: "{HH}:{mm}", space: 56, incrs: STEPS },
      { ...axis, size: 38, gap: 4, values: (_, ticks) => ticks.map((tick) => tick.toLocaleString(LANGUAGE)) },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        label: line.label,
        stroke: color(line.color),
        width: 1.5,
        spanGaps: false,
        points: { show: false },
        ...(line.dashed && { dash: [4, 3] }),
        ...(line.stepped && { paths: stepped }),
      })),
    ],
    hooks: {
      drawClear: [(plot) => hatch(plot, view.current.hatched, color("line-strong"))],
      draw: [(plot) => mark(plot, view.current.now / 1_000, color("line-strong"))],
    },
  };
}

const HATCH = 7; // pixels from line to line

/** Slanted lines over each span, behind the figures. */
function hatch(plot: uPlot, spans: [number, number][], color: string): void {
  const { ctx, bbox } = plot;
  for (const [from, to] of spans) {
    const [left, right] = [plot.valToPos(from, "x", true), plot.valToPos(to, "x", true)];
    ctx.save();
    ctx.strokeStyle = color;
    ctx.beginPath();
    ctx.rect(left, bbox.top, right - left, bbox.height);
    ctx.clip();
    ctx.beginPath();
    for (let x = left - bbox.height; x < right; x += HATCH) {
      ctx.moveTo(x, bbox.top + bbox.height);
      ctx.lineTo(x + bbox.height, bbox.top);
    }
    ctx.stroke();
    ctx.restore();
  }
}

/** A line where we are now. */
function mark(plot: uPlot, at: number, color: string): void {
  const { min, max } = plot.scales.x ?? {};
  if (min === undefined || max === undefined || at < min || at > max) return;
  const x = Math.round(plot.valToPos(at, "x", true));
  plot.ctx.save();
  plot.ctx.strokeStyle = color;
  plot.ctx.lineWidth = 1;
  plot.ctx.beginPath();
  plot.ctx.moveTo(x, plot.bbox.top);
  plot.ctx.lineTo(x, plot.bbox.top + plot.bbox.height);
  plot.ctx.stroke();
  plot.ctx.restore();
}
