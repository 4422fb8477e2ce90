// The story of a shift: a day of a scope with its curves, what happened on it, and what to hand over.

import { useCallback, useEffect, useMemo, useState } from "react";

import { useNow, useTheme } from "../kit/browser.js";
import { Problem } from "../kit/parts.js";
import { clock24, later, localDay } from "../kit/words.js";
import { ScopePicker } from "../page/ScopePicker.js";
import type { Scope } from "../session/payloads.js";
import { withQuery } from "../session/rest.js";
import { addressOf, type Organizations, scopeName, storyOf, useSession } from "../session/session.js";
import { HandOver } from "./HandOver.js";
import { Moment } from "./Moment.js";
import { dayIn, dayInWords, type Filter, filtered, filtersIn, instantOf, marksOf } from "./story.js";
import { StoryCurves } from "./StoryCurves.js";
import { StoryList } from "./StoryList.js";
import { useStory } from "./useStory.js";

interface Props {
  scope: Scope;
  organizations: Organizations;
}

const NOBODY = new Map<string, Set<string>>();

export default function StoryPage({ scope, organizations }: Props) {
  useTheme();
  const { organization } = useSession();
  const now = useNow(60_000);
  const zone = organization.time_zone;
  const today = localDay(now, zone);
  const [view, setView] = useView(today);
  const { answer: story, error } = useStory(scope, view.day, view.day >= today);
  const name = scopeName(scope, organization);
  useEffect(() => void (document.title = `${name}, ${view.day} · Intraday console`), [name, view.day]);
  const chosen = story && view.time ? instantOf(view.time, story, zone) : null;
  const choose = useCallback((at: number) => setView({ time: clock24(at, zone) }), [setView, zone]);
  const marks = useMemo(() => marksOf(filtered(story?.items ?? [], view.filters), zone), [story, view.filters, zone]);
  return (
    <main className="single story">
      <p className="links no-print">
        <a href={`/${addressOf(scope)}`}>Back to the console</a>
        <a href={withQuery("/api/intraday/story", { ...scope, day: view.day, format: "csv" })}>As CSV</a>
      </p>
      <h1>
        {name}: {dayInWords(view.day)}
      </h1>
      <p className="hint">Times are those of {zone}.</p>
      <div className="story-tools no-print">
        <ScopePicker
          organizations={organizations}
          organization={organization}
          scope={scope}
          seen={NOBODY}
          onScope={(next) => location.assign(`${storyOf(next)}&day=${view.day}`)}
        />
        <Days day={view.day} today={today} onDay={(day) => setView({ day, problem: "" })} />
        <label>
          Time <input type="time" value={view.time} onChange={(event) => setView({ time: event.target.value })} />
        </label>
      </div>
      <Problem text={error?.message ?? view.problem} />
      {!story && !error && <p className="calm">Loading…</p>}
      {story && (
        <>
          <HandOver story={story} name={name} />
          <StoryCurves
            scope={scope}
            day={view.day}
            zone={zone}
            since={Date.parse(story.since)}
            until={Date.parse(story.until)}
            now={now}
            marks={marks}
            chosen={chosen}
            onChoose={choose}
          />
          {chosen !== null && <Moment scope={scope} at={chosen} zone={zone} />}
          <StoryList
            items={story.items}
            more={story.next !== null}
            zone={zone}
            filters={view.filters}
            onFilters={(filters) => setView({ filters })}
            chosen={chosen}
            onChoose={choose}
          />
        </>
      )}
    </main>
  );
}

interface DaysProps {
  day: string;
  today: string;
  onDay: (day: string) => void;
}

function Days({ day, today, onDay }: DaysProps) {
  return (
    <span className="joined">
      <button type="button" onClick={() => onDay(later(day, -1))}>
        Day before
      </button>
      <input
        type="date"
        aria-label="Day"
        value={day}
        max={today}
        onChange={(event) => event.target.value && onDay(event.target.value)}
      />
      <button type="button" disabled={day >= today} onClick={() => onDay(later(day, 1))}>
        Day after
      </button>
    </span>
  );
}

interface View {
  day: string;
  /** A sentence about a day in the address that is none; empty if it is one. */
  problem: string;
  /** `10:15`, or nothing. */
  time: string;
  filters: Filter[];
}

/** The view of the day, kept in the address, so that a link shows the same. */
function useView(today: string): [View, (change: Partial<View>) => void] {
  const [view, setView] = useState<View>(() => {
    const asked = new URLSearchParams(location.search);
    return {
      ...dayIn(asked.get("day"), today),
      time: asked.get("at") ?? "",
      filters: filtersIn(asked.get("show")),
    };
  });
  useEffect(() => {
    const address = new URLSearchParams(location.search);
    const given = { day: view.day, at: view.time, show: view.filters.join(",") };
    for (const [key, value] of Object.entries(given))
      if (value) address.set(key, value);
      else address.delete(key);
    history.replaceState(null, "", `?${address}`);
  }, [view]);
  const change = useCallback((next: Partial<View>) => setView((before) => ({ ...before, ...next })), []);
  return [view, change];
}
