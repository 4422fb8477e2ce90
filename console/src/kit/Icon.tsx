// Drawn, because not every font has these signs; the words beside them say the same.

const PATHS = {
  critical: "M8 1.5 15 14H1ZM8 6v4M8 12v.01",
  high: "M8 2 14 8 8 14 2 8ZM8 5.5v3M8 10.5v.01",
  medium: "M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0M8 5v3.5M8 11v.01",
  low: "M3 8h10",
  growing: "M3 13 13 3M6 3h7v7",
  stable: "M2 8h12M9.5 3.5 14 8l-4.5 4.5",
  decreasing: "M3 3l10 10M6 13h7V6",
  at_risk: "M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0M8 5v3.5M8 11v.01",
  ok: "M3 8.5l3.5 3.5L13 4.5",
  so_far: "M3 8v.01M8 8v.01M13 8v.01",
  stale: "M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0M8 4.5V8l2.5 1.5",
  unknown: "M5.5 6a2.5 2.5 0 1 1 3.5 2.3q-1 .5-1 1.7M8 13v.01",
  closed: "M4 7h8v6H4ZM5.5 7V5a2.5 2.5 0 0 1 5 0v2",
  bell: "M3 12h10l-1.2-2V7a3.8 3.8 0 0 0-7.6 0v3ZM6.5 12a1.5 1.5 0 0 0 3 0",
  info: "M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0M8 7.5V11M8 5v.01",
  close: "M4 4l8 8M12 4l-8 8",
  sound: "M3 6v4h2.5L9 13V3L5.5 6ZM11 6a3 3 0 0 1 0 4",
  muted: "M3 6v4h2.5L9 13V3L5.5 6ZM11 6.5l3 3M14 6.5l-3 3",
  theme: "M8 2a6 6 0 1 0 0 12ZM8 2a6 6 0 0 1 0 12",
  download: "M8 2v8M5 7l3 3 3-3M3 13h10",
  wall: "M2 3h12v8H2ZM6 14h4M8 11v3",
  story: "M3 2.5h10v11H3ZM5.5 5.5h5M5.5 8h5M5.5 10.5h3",
  check: "M3 8.5l3.5 3.5L13 4.5",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
