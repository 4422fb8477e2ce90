// People by state against those required, and how many are missing; behind each count the people, for roles that may
// see them.

import { useState } from "react";

import { Panel, Unread } from "../kit/parts.js";
import { clock, minutes, number, percent } from "../kit/words.js";
import type { Attendance, KPI, RecentCheckin, Scope } from "../session/payloads.js";
import { useSession } from "../session/session.js";
import { useAnswer } from "../session/useAnswer.js";
import { type Counted, elsewhereOf, headsAtWork, type StateCount, stateCounts } from "./people.js";
import { type Asked, PeopleList } from "./PeopleList.js";

type Count = { status: string; label: string; of: (figure: Counted) => number | undefined };

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

const QUEUE_AGAIN_SECONDS = 15;

interface Props {
  scope: Scope;
  /** Of the department: attendance has no figure of a queue. */
  figure: Attendance | undefined;
  kpi?: KPI | undefined;
  queues?: readonly string[];
  /** Why there is no figure; empty if there is none yet. */
  problem?: string;
}

type Open = (asked: Asked, total: number | undefined) => void;

export function AttendancePanel({ scope, figure, kpi, queues = [], problem = "" }: Props) {
  const { organization, anonymous } = useSession();
  const [asked, setAsked] = useState<(Asked & { total: number | undefined }) | null>(null);
  const { counted, elsewhere, error } = useCounted(scope, figure);
  const show: Open = (each, total) => setAsked({ ...each, total: elsewhere ? undefined : total });
  const open = organization.sees_names ? show : null;
  const required = elsewhere ? undefined : kpi?.headcount_gap.required;
  return (
    <Panel
      title="People"
      className="attendance"
      aside={
        <span className="hint">{counted ? [...presence(counted), elsewhere].filter(Boolean).join(", ") : ""}</span>
      }
    >
      <Unread text={problem || error} />
      {!figure && !problem && <p className="calm">No shifts, no check-ins and no states posted yet.</p>}
      {figure && !counted && <p className="calm">Loading…</p>}
      {counted && <ByState figure={counted} required={required} onOpen={open} />}
      {counted && (
        <ul className="counts missing">
          {COUNTS.map(({ status, label, of }) => ({ status, label, value: of(counted) })).map(
            ({ status, label, value }) =>
              value !== undefined && (
                <li key={status} data-count={status} data-some={value > 0}>
                  <CountButton label={label} value={value} asked={{ title: label, status }} onOpen={open} />
                </li>
              ),
          )}
        </ul>
      )}
      {figure && !anonymous && <Checkins checkins={figure.recent_checkins} of={elsewhereOf(scope)} />}
      {asked && (
        <PeopleList scope={scope} asked={asked} total={asked.total} queues={queues} onClose={() => setAsked(null)} />
      )}
    </Panel>
  );
}

interface CountedPeople {
  counted: Counted | undefined;
  /** Of whom, where it is not the scope of the page. */
  elsewhere: string;
  error: string;
}

/** The figure of the department; on the page of a queue the people of that queue, as far as they are known. */
function useCounted(scope: Scope, figure: Attendance | undefined): CountedPeople {
  const { answer, error } = useAnswer<Counted>(
    scope.queue_name && figure ? "/api/intraday/attendance/by-state" : null,
    scope,
    { everySeconds: QUEUE_AGAIN_SECONDS },
  );
  const elsewhere = elsewhereOf(scope);
  if (!figure || !elsewhere) return { counted: figure, elsewhere: "", error: "" };
  const said = error ? `The people of this queue could not be counted: ${error.message}` : "";
  if (answer !== undefined || !error) return { counted: answer, elsewhere: "", error: said };
  return { counted: figure, elsewhere, error: said };
}

const presence = ({ scheduled_count, attendance_rate }: Counted): string[] => [
  `${number(scheduled_count)} scheduled`,
  ...(attendance_rate === undefined ? [] : [`${percent(attendance_rate)} here`]),
];

/** Everybody whom the list has; a queue's answer does not count those on leave or without a shift. */
function everybody({ scheduled_count, on_leave_count, unscheduled_count }: Counted): number | undefined {
  if (on_leave_count === undefined || unscheduled_count === undefined) return undefined;
  return scheduled_count + on_leave_count + unscheduled_count;
}

interface ByStateProps {
  figure: Counted;
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
          <button type="button" onClick={() => onOpen({ title: "People" }, everybody(figure))}>
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

/** `of` tells of whom they are, where that is not the scope of the page. */
function Checkins({ checkins, of }: { checkins: RecentCheckin[]; of: string }) {
  const { time_zone: zone } = useSession().organization;
  if (!checkins.length) return <p className="hint">Nobody{of && ` ${of}`} checked in within the last hour.</p>;
  return (
    <>
      <h3>Recent check-ins{of && ` ${of}`}</h3>
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
