// The states of one person over a day, above the schedule.

import { Value } from "../kit/parts.js";
import { clock, minutes, percent } from "../kit/words.js";
import { type Scope } from "../session/payloads.js";
import { departmentOf, useSession } from "../session/session.js";
import { useAnswer } from "../session/useAnswer.js";
import {
  activityWord,
  type Bar,
  type PersonDay,
  reasonWord,
  stateWord,
  type Strip,
  stretches,
  strip,
} from "./people.js";

const EVERY_SECONDS = 30;

export function DayStrip({ scope, employee }: { scope: Scope; employee: string }) {
  const { time_zone: zone } = useSession().organization;
  const query = { ...departmentOf(scope), employee_id: employee };
  const { answer, error } = useAnswer<PersonDay>("/api/intraday/attendance/states", query, {
    everySeconds: EVERY_SECONDS,
  });
  if (error) return <p className="problem">{error.message}</p>;
  if (!answer) return <p className="calm">Loading…</p>;
  const shown = strip(answer);
  const unknown = answer.reason ? reasonWord(answer.reason) : undefined;
  return (
    <div className="person-day">
      <dl className="facts">
        <div>
          <dt>Adherence today</dt>
          <dd>
            <Value text={percent(answer.adherence_percent, 1)} reason={unknown} />
          </dd>
        </div>
        <div>
          <dt>Conformance today</dt>
          <dd>
            <Value text={percent(answer.conformance_percent, 1)} reason={unknown} />
          </dd>
        </div>
        <div>
          <dt>Out of adherence</dt>
          <dd>{answer.reason ? <Value text="–" reason={unknown} /> : minutes(answer.out_of_adherence_minutes)}</dd>
        </div>
      </dl>
      {shown ? <Lanes shown={shown} zone={zone} /> : <p className="calm">No states and no schedule today.</p>}
      <details>
        <summary>Times in words</summary>
        <ol className="stretches">
          {stretches(answer).map((each) => (
            <li key={each.start}>
              {clock(each.start, zone)}–{clock(each.end, zone)} {each.what}
            </li>
          ))}
        </ol>
      </details>
    </div>
  );
}

function Lanes({ shown, zone }: { shown: Strip; zone: string }) {
  return (
    <figure className="strip">
      <Lane name="States" bars={shown.states} word={stateWord} zone={zone} now={shown.now} />
      <Lane name="Schedule" bars={shown.schedule} word={activityWord} zone={zone} now={shown.now} />
      <figcaption>
        <time dateTime={shown.start}>{clock(shown.start, zone)}</time>
        <time dateTime={shown.end}>{clock(shown.end, zone)}</time>
      </figcaption>
      <ul className="strip-key" aria-hidden="true">
        {[...new Set(shown.states.map(({ what }) => what))].map((what) => (
          <li key={what}>
            <i data-state={what} /> {stateWord(what)}
          </li>
        ))}
      </ul>
    </figure>
  );
}

interface LaneProps {
  name: string;
  bars: Bar[];
  word: (what: string) => string;
  zone: string;
  now: number | null;
}

function Lane({ name, bars, word, zone, now }: LaneProps) {
  const described = `${name}: ${bars.length ? "" : "none"}${[...new Set(bars.map(({ what }) => word(what)))].join(", ")}`;
  return (
    <>
      <span aria-hidden="true">{name}</span>
      <div className="lane" role="img" aria-label={described}>
        {bars.map((bar) => (
          <i
            key={bar.start}
            data-state={bar.what}
            title={`${word(bar.what)} ${clock(bar.start, zone)}–${clock(bar.end, zone)}`}
            style={{ left: `${bar.from}%`, width: `${bar.width}%` }}
          />
        ))}
        {now !== null && <b style={{ left: `${now}%` }} />}
      </div>
    </>
  );
}
