// State of the browser rather than of React: time, preferences, title, favicon, sound.

import { useEffect, useState } from "react";

/** The time, moving in steps of this length. */
export function useNow(stepMs = 1_000): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), stepMs);
    return () => clearInterval(timer);
  }, [stepMs]);
  return now;
}

/** The value, once it has stayed the same for so long: what is typed asks the server at its pauses. */
export function useSettled<Value>(value: Value, afterMs: number): Value {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), afterMs);
    return () => clearTimeout(timer);
  }, [value, afterMs]);
  return settled;
}

/** A choice that this browser remembers. */
export function usePreference<Choice extends string>(name: string, usual: Choice): [Choice, (choice: Choice) => void] {
  const [choice, setChoice] = useState(() => (read(name) as Choice | null) ?? usual);
  return [
    choice,
    (next) => {
      setChoice(next);
      write(name, next);
    },
  ];
}

/** The same, read once and written elsewhere. */
export const remembered = { get: read, set: write };

function read(name: string): string | null {
  try {
    return localStorage.getItem(`intraday.${name}`);
  } catch {
    return null; // storage is refused in some private windows
  }
}

function write(name: string, value: string): void {
  try {
    localStorage.setItem(`intraday.${name}`, value);
  } catch {
    // then it holds for this page only
  }
}

export type Theme = "auto" | "light" | "dark";

export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = usePreference<Theme>("theme", "auto");
  useEffect(() => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }, [theme]);
  return [theme, setTheme];
}

/** `(3) Critical: Acme · Intraday console`, and the 3 on the favicon: seen from another tab. */
export function useCountInTab(count: number, title: string): void {
  useEffect(() => {
    document.title = `${count ? `(${count}) ` : ""}${title} · Intraday console`;
  }, [count, title]);
  useEffect(() => {
    const icon = document.querySelector<HTMLLinkElement>("link[rel=icon]");
    if (icon) void drawn(icon, count);
  }, [count]);
}

async function drawn(icon: HTMLLinkElement, count: number): Promise<void> {
  icon.dataset.plain ??= icon.href;
  if (!count) {
    icon.href = icon.dataset.plain;
    return;
  }
  const picture = new Image();
  picture.src = icon.dataset.plain;
  await picture.decode().catch(() => undefined);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 32;
  const pen = canvas.getContext("2d");
  if (!pen) return;
  pen.drawImage(picture, 0, 0, 32, 32);
  pen.fillStyle = "#c4231b";
  pen.beginPath();
  pen.arc(21, 21, 11, 0, 2 * Math.PI);
  pen.fill();
  pen.fillStyle = "#fff";
  pen.font = "bold 15px system-ui";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(count > 9 ? "9+" : String(count), 21, 22);
  icon.href = canvas.toDataURL();
}

/** Two short tones. Browsers keep silent until the person has clicked something. */
export function sound(): void {
  const audio = new AudioContext();
  for (const [delay, pitch] of [
    [0, 880],
    [0.2, 660],
  ] as const) {
    const [tone, volume] = [audio.createOscillator(), audio.createGain()];
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.12, audio.currentTime + delay);
    volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + delay + 0.18);
    tone.connect(volume).connect(audio.destination);
    tone.start(audio.currentTime + delay);
    tone.stop(audio.currentTime + delay + 0.2);
  }
  setTimeout(() => void audio.close(), 1_000);
}
