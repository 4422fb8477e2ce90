// The list of the day: a line for each thing that happened, in order of time; some kinds of it if they are chosen.

import { useState } from "react";

import { Icon } from "../kit/Icon.js";
import { Panel } from "../kit/parts.js";
import { clock, number, plural } from "../kit/words.js";
import { countOf, type Filter, filtered, FILTERS, inWords, type Item, placeOf } from "./story.js";

const SHOWN = 300; // lines at first; a day of many queues has thousands

interface Props {
  items: readonly Item[];
  /** Whether the day has more than this page asks for. */
  more: boolean;
  zone: string;
  filters: readonly Filter[];
  onFilters: (filters: Filter[]) => void;
  chosen: number | null;
  onChoose: (at: number) => void;
}

export function StoryList({ items, more, zone, filters, onFilters, chosen, onChoose }: Props) {
  const [room, setRoom] = useState(SHOWN);
  const found = filtered(items, filters);
  const toggle = (filter: Filter) =>
    onFilters(filters.includes(filter) ? filters.filter((each) => each !== filter) : [...filters, filter]);
  return (
    <Panel title="What happened" className="story-list">
      <div className="chips no-print" role="group" aria-label="Kinds">
        {(Object.keys(FILTERS) as Filter[]).map((filter) => (
          <button key={filter} type="button" aria-pressed={filters.includes(filter)} onClick={() => toggle(filter)}>
            {FILTERS[filter]} {number(countOf(items, filter))}
          </button>
        ))}
      </div>
      {!found.length && <p className="calm">Nothing{filters.length ? " of these kinds" : ""} is known of this day.</p>}
      <ol className="story-items">
        {found.slice(0, room).map((item) => (
          <Line key={item.id} item={item} zone={zone} chosen={isNear(item, chosen)} onChoose={onChoose} />
        ))}
      </ol>
      {found.length > room && (
        <button type="button" className="more" onClick={() => setRoom(found.length)}>
          Show {plural(found.length - room, "more line")}
        </button>
      )}
      {more && <p className="hint">The day has more than is listed here: the CSV has all of it.</p>}
    </Panel>
  );
}

const NEAR = 60_000;
const isNear = ({ at }: Item, chosen: number | null): boolean =>
  chosen !== null && Math.abs(Date.parse(at) - chosen) < NEAR;

interface LineProps {
  item: Item;
  zone: string;
  chosen: boolean;
  onChoose: (at: number) => void;
}

function Line({ item, zone, chosen, onChoose }: LineProps) {
  const { icon, tone, what, more } = inWords(item, zone);
  const alert = item.alert ?? item.notification;
  const author = item.kind === "notification" || item.who === "system" ? null : item.who;
  return (
    <li data-chosen={chosen}>
      <button
        type="button"
        className="link"
        title="Show the figures of this time"
        onClick={() => onChoose(Date.parse(item.at))}
      >
        <time dateTime={item.at}>{clock(item.at, zone)}</time>
      </button>
      <span className="story-kind" data-tone={tone}>
        <Icon name={icon} />
        <span className="visually-hidden">{item.kind}</span>
      </span>
      <span className="story-place">{placeOf(item) || "all"}</span>
      <span className="story-what">
        {alert ? <a href={`/alerts/${alert.alert_id}`}>{what}</a> : what}
        {more.length > 0 && <small>{more.join("; ")}</small>}
        {item.note && item.note !== what && <q>{item.note}</q>}
        {author && <small>{author}</small>}
      </span>
    </li>
  );
}
