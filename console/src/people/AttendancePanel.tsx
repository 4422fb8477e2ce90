// People by state against those required, and how many are missing; behind each count the people, for roles that may
// see them.

import { useState } from "react";

import { Panel } from "../kit/parts.js";
import { clock, minutes, number, percent } from "../kit/words.js";
import type { Attendance, KPI, RecentCheckin, Scope } from "../session/payloads.js";
import { useSession } from "../session/session.js";
import { headsAtWork, type StateCount, stateCounts } from "./people.js";
import { type Asked, PeopleList } from "./PeopleList.js";

type Count = { status: string; label: string; of: (figure: Attendance) => number };

const COUNTS: Count[] = [
  { status: "absent", label: "Absent", of: (figure) => figure.absent_count },
  { status: "no_show", label: "No show", of: (figure) => figure.no_show_count },
  { status: "late", label: "Late", of: (figure) => figure.late_count },
  { status: "expected", label: "Expected", of: (figure) => figure.expected_count },
  { status: "present", label: "Present", of: (figure) => figure.present_count },
  { status: "left_early", label: "Left early", of: (figure) => figure.left_early_count },
  { status: "on_leave", label: "On leave", of: (figure) => figure.on_leave_count },
  { status: "unscheduled", label: "Unscheduled", of: (figure) => figure.unscheduled_count },
];

interface Props {
  scope: Scope;
  figure: Attendance | undefined;
  kpi?: KPI | undefined;
  queues?: readonly string[];
}

type Open = (asked: Asked, total: number) => void;

export function AttendancePanel({ scope, figure, kpi, queues = [] }: Props) {
  const { organization, anonymous } = useSession();
  const [asked, setAsked] = useState<(Asked & { total: number | undefined }) | null>(null);
  const open: Open | null = organization.sees_names ? (each, total) => setAsked({ ...each, total }) : null;
  return (
    <Panel
      title="People"
      className="attendance"
      aside={
        <span className="hint">
          {figure ? `${number(figure.scheduled_count)} scheduled, ${percent(figure.attendance_rate)} here` : ""}
        </span>
      }
    >
      {!figure && <p className="calm">No shifts, no check-ins and no states posted yet.</p>}
      {figure && <ByState figure={figure} required={kpi?.headcount_gap.required} onOpen={open} />}
      {figure && (
        <ul className="counts missing">
          {COUNTS.map(({ status, label, of }) => (
            <li key={status} data-count={status} data-some={of(figure) > 0}>
              <CountButton label={label} value={of(figure)} asked={{ title: label, status }} onOpen={open} />
            </li>
          ))}
        </ul>
      )}
      {figure && !anonymous && <Checkins checkins={figure.recent_checkins} />}
      {asked && (
        <PeopleList scope={scope} asked={asked} total={asked.total} queues={queues} onClose={() => setAsked(null)} />
      )}
    </Panel>
  );
}

interface ByStateProps {
  figure: Attendance;
  required: number | null | undefined;
  onOpen: Open | null;
}

function ByState({ figure, required, onOpen }: ByStateProps) {
  const counts = stateCounts(figure);
  const out = figure.out_of_adherence_count;
  return (
    <>
      <p className="people-head">
        <span>
          <b>{number(headsAtWork(counts))}</b> at work
          {required !== null && required !== undefined && `, ${number(required)} required`}
        </span>
        {onOpen && (
          <button type="button" onClick={() => onOpen({ title: "People" }, figure.scheduled_count)}>
            All people
          </button>
        )}
      </p>
      <Bar counts={counts} />
      <ul className="counts states">
        {counts.map(({ state, label, count }) => (
          <li key={state} data-count={`state-${state}`}>
            <CountButton label={label} value={count} asked={{ title: label, state }} onOpen={onOpen} />
            <i data-state={state} aria-hidden="true" />
          </li>
        ))}
      </ul>
      {out > 0 && (
        <p className="people-out">
          <Out count={out} longest={figure.longest_out_of_adherence_minutes} onOpen={onOpen} />
        </p>
      )}
    </>
  );
}

function Out({ count, longest, onOpen }: { count: number; longest: number; onOpen: Open | null }) {
  const text = `${number(count)} out of adherence, for up to ${minutes(longest)}`;
  if (!onOpen) return <>{text}</>;
  return (
    <button type="button" onClick={() => onOpen({ title: "Out of adherence", out_of_adherence: true }, count)}>
      {text}
    </button>
  );
}

/** The counts as one line; the words beside it say the same. */
function Bar({ counts }: { counts: readonly StateCount[] }) {
  const total = counts.reduce((sum, { count }) => sum + count, 0);
  if (!total) return null;
  return (
    <div className="lane whole" aria-hidden="true">
      {counts
        .filter(({ count }) => count > 0)
        .map(({ state, count }) => (
          <i key={state} data-state={state} style={{ width: `${(100 * count) / total}%` }} />
        ))}
    </div>
  );
}

interface CountProps {
  label: string;
  value: number;
  asked: Asked;
  onOpen: Open | null;
}

function CountButton({ label, value, asked, onOpen }: CountProps) {
  const content = (
    <>
      <b>{number(value)}</b> <span>{label}</span>
    </>
  );
  return onOpen && value ? (
    <button type="button" className="count" onClick={() => onOpen(asked, value)} title="Who?">
      {content}
    </button>
  ) : (
    <span className="count">{content}</span>
  );
}

const ARRIVALS: Record<RecentCheckin["status"], string> = {
  on_time: "on time",
  late: "late",
  early: "early",
  unscheduled: "unscheduled",
};

function Checkins({ checkins }: { checkins: RecentCheckin[] }) {
  const { time_zone: zone } = useSession().organization;
  if (!checkins.length) return <p className="hint">Nobody checked in within the last hour.</p>;
  return (
    <>
      <h3>Recent check-ins</h3>
      <ol className="checkins">
        {checkins.map((each) => (
          <li key={`${each.employee_id} ${each.checked_in_at}`} data-status={each.status}>
            <time dateTime={each.checked_in_at}>{clock(each.checked_in_at, zone)}</time>
            <span>{each.employee_name ?? each.employee_id}</span>
            <span>{ARRIVALS[each.status]}</span>
          </li>
        ))}
      </ol>
    </>
  );
}
