// A line chart by uPlot, in the colours of the page.

import { useEffect, useRef, useState } from "react";
import { LANGUAGE } from "./locale.js"; // before uPlot
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import { clock, in12Hours, number } from "../kit/words.js";

export interface Line {
  label: string;
  /** Of a colour of the style sheet, without its dashes: `accent`. */
  color: string;
  dashed?: boolean;
  stepped?: boolean;
  values: (number | null)[];
}

const STEPS = [1, 5, 15, 30, 60, 120, 240, 480].map((minutes) => minutes * 60);

/** Additions of the page around a chart. */
export interface ChartView {
  /** The start of the time axis, in seconds since 1970; it ends now. Default: the time of the first figure. */
  from?: number;
  /** The end of the time axis, where it is not now. */
  to?: number;
  /** Instants at which something happened. */
  marks?: readonly Mark[];
  /** The instant that is looked at. */
  chosen?: number | null;
  /** A click on the chart chooses an instant. */
  onChoose?: (at: number) => void;
}

export interface Mark {
  /** Seconds since 1970. */
  at: number;
  color: string;
}

interface Props extends ChartView {
  label: string;
  /** Seconds since 1970. */
  times: number[];
  lines: Line[];
  timeZone: string;
  now: number;
  /** Spans whose values say nothing, in seconds since 1970. */
  hatched?: [from: number, to: number][];
  height?: number;
}

const NO_SPANS: [number, number][] = [];
const NO_MARKS: readonly Mark[] = [];

export function Chart({
  label,
  times,
  lines,
  timeZone,
  now,
  from,
  to,
  hatched = NO_SPANS,
  marks = NO_MARKS,
  chosen = null,
  onChoose,
  height = 150,
}: Props) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const view = useRef<View>({ now, from, to, hatched, marks, chosen, onChoose });
  const [at, setAt] = useState<number | null>(null);
  const shape = lines.map((line) => [line.label, line.color, line.dashed, line.stepped].join()).join(";");

  useEffect(() => {
    const parent = place.current;
    if (!parent) return;
    const build = () => {
      plot.current?.destroy();
      plot.current = new uPlot(options(parent, lines, timeZone, height, view, setAt), data(times, lines), parent);
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
    view.current = { now, from, to, hatched, marks, chosen, onChoose };
    plot.current?.setData(data(times, lines));
  }, [times, lines, now, from, to, hatched, marks, chosen, onChoose]);

  return (
    <div className="chart" role="img" aria-label={summary(label, lines)}>
      <p className="legend" aria-hidden="true">
        {lines.map((line) => (
          <span key={line.label} data-color={line.color} data-dashed={line.dashed ?? false}>
            {line.label}
            {at !== null && <b> {number(line.values[at])}</b>}
          </span>
        ))}
        {at !== null && times[at] !== undefined && <time>{clock(times[at] * 1_000, timeZone)}</time>}
        {hatched.length > 0 && <span data-hatched="true">suspect</span>}
      </p>
      <div ref={place} className="plot" />
    </div>
  );
}

interface View {
  now: number;
  from: number | undefined;
  to: number | undefined;
  hatched: [from: number, to: number][];
  marks: readonly Mark[];
  chosen: number | null;
  onChoose: ((at: number) => void) | undefined;
}

const extent = ({ now, from, to }: View, low: number, high: number): [number, number] =>
  from === undefined ? [low, high] : [from, to ?? Math.max(high, now / 1_000)];

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
  onCursor: (at: number | null) => void,
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
      { ...axis, size: 22, gap: 2, values: in12Hours() ? "{h}:{mm}{aa}" : "{HH}:{mm}", space: 56, incrs: STEPS },
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
      setCursor: [({ cursor }) => onCursor(cursor.idx ?? null)],
      drawClear: [(plot) => hatch(plot, view.current.hatched, color("line-strong"))],
      draw: [
        (plot) => line(plot, view.current.now / 1_000, color("line-strong")),
        (plot) => view.current.marks.forEach((mark) => tick(plot, mark.at, color(mark.color))),
        (plot) => view.current.chosen !== null && line(plot, view.current.chosen, color("text"), 2),
      ],
      ready: [
        (plot) =>
          plot.over.addEventListener("click", ({ offsetX }) => view.current.onChoose?.(plot.posToVal(offsetX, "x"))),
      ],
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

/** The place of an instant on the canvas; null beside it. */
function placeOf(plot: uPlot, at: number): number | null {
  const { min, max } = plot.scales.x ?? {};
  if (min === undefined || max === undefined || at < min || at > max) return null;
  return Math.round(plot.valToPos(at, "x", true));
}

const TICK = 7; // pixels

/** A triangle at the upper edge, where something happened. */
function tick(plot: uPlot, at: number, color: string): void {
  const x = placeOf(plot, at);
  if (x === null) return;
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.fillStyle = color;
  ctx.beginPath();
  ctx.moveTo(x - TICK, bbox.top);
  ctx.lineTo(x + TICK, bbox.top);
  ctx.lineTo(x, bbox.top + TICK * 1.5);
  ctx.fill();
  ctx.restore();
}

/** A line over the whole height, such as where we are now. */
function line(plot: uPlot, at: number, color: string, width = 1): void {
  const x = placeOf(plot, at);
  if (x === null) return;
  plot.ctx.save();
  plot.ctx.strokeStyle = color;
  plot.ctx.lineWidth = width;
  plot.ctx.beginPath();
  plot.ctx.moveTo(x, plot.bbox.top);
  plot.ctx.lineTo(x, plot.bbox.top + plot.bbox.height);
  plot.ctx.stroke();
  plot.ctx.restore();
}
