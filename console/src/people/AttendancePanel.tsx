// Counts of people present and missing; behind each count the names, for roles that may see them.

import { useState } from "react";

import { Drawer, Panel, Value } from "../kit/parts.js";
import type { Attendance, Person, RecentCheckin, Scope } from "../session/payloads.js";
import { departmentOf, useSession } from "../session/session.js";
import { useAnswer } from "../session/useAnswer.js";
import { clock, duration, minutes, number, percent } from "../kit/words.js";

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
}

export function AttendancePanel({ scope, figure }: Props) {
  const { organization, anonymous } = useSession();
  const [shown, setShown] = useState<Count | null>(null);
  return (
    <Panel
      title="Attendance"
      className="attendance"
      aside={
        <span className="hint">
          {figure ? `${number(figure.scheduled_count)} scheduled, ${percent(figure.attendance_rate)} here` : ""}
        </span>
      }
    >
      {!figure && <p className="calm">No shifts and no check-ins posted yet.</p>}
      {figure && (
        <ul className="counts">
          {COUNTS.map((count) => (
            <li key={count.status} data-count={count.status} data-some={count.of(figure) > 0}>
              <CountButton count={count} value={count.of(figure)} onOpen={organization.sees_names ? setShown : null} />
            </li>
          ))}
        </ul>
      )}
      {figure && !anonymous && <Checkins checkins={figure.recent_checkins} />}
      {shown && figure && (
        <People scope={scope} count={shown} total={shown.of(figure)} onClose={() => setShown(null)} />
      )}
    </Panel>
  );
}

function CountButton({
  count,
  value,
  onOpen,
}: {
  count: Count;
  value: number;
  onOpen: ((count: Count) => void) | null;
}) {
  const content = (
    <>
      <b>{number(value)}</b> <span>{count.label}</span>
    </>
  );
  return onOpen && value ? (
    <button type="button" className="count" onClick={() => onOpen(count)} title="Who?">
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

const MOST_NAMES = 200;

function People({ scope, count, total, onClose }: { scope: Scope; count: Count; total: number; onClose: () => void }) {
  const { time_zone: zone } = useSession().organization;
  const query = { ...departmentOf(scope), status: count.status };
  const { answer, error } = useAnswer<{ items: Person[] }>("/api/intraday/attendance/people", query, {
    everySeconds: 30,
  });
  const people = answer?.items.slice(0, MOST_NAMES);
  return (
    <Drawer title={`${count.label}: ${number(answer?.items.length ?? total)}`} onClose={onClose}>
      {error && <p className="problem">{error.message}</p>}
      {!people && !error && <p className="calm">Loading…</p>}
      {people?.length === 0 && <p className="calm">Nobody any more.</p>}
      {people && people.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">Who</th>
              <th scope="col">Queues</th>
              <th scope="col">Shift</th>
              <th scope="col">In</th>
              <th scope="col" className="figure">
                Lost
              </th>
            </tr>
          </thead>
          <tbody>
            {people.map((person) => (
              <tr key={person.employee_id}>
                <th scope="row">
                  {person.employee_name ?? person.employee_id}
                  <small>{person.department_id}</small>
                </th>
                <td>{person.queue_names.join(", ")}</td>
                <td>
                  <Value text={span(person, zone)} reason="no shift" />
                </td>
                <td>
                  <Value
                    text={person.checked_in_at ? clock(person.checked_in_at, zone) : "–"}
                    reason="not checked in"
                  />
                </td>
                <td className="figure">
                  <Value
                    text={person.lost_minutes === null ? duration(null) : minutes(person.lost_minutes)}
                    reason="no shift"
                  />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {answer && answer.items.length > MOST_NAMES && <p className="hint">The first {MOST_NAMES}.</p>}
    </Drawer>
  );
}

const span = ({ shift_start, shift_end }: Person, zone: string): string =>
  shift_start && shift_end ? `${clock(shift_start, zone)}–${clock(shift_end, zone)}` : "–";
