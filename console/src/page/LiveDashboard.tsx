// The live dashboard of one scope: what is critical, the figures, every queue, the alerts, the day, the people.

import { lazy, type ReactNode, Suspense, useCallback, useMemo, useState } from "react";

import {
  useAlertNotifications,
  useAttendanceUpdates,
  useBacklogUpdates,
  useKPIUpdates,
} from "intraday-realtime/hooks/useWebSocket";
import { AlertFeed, NewestCritical } from "../alerts/AlertFeed.js";
import { isWaiting } from "../alerts/alerts.js";
import { AttendancePanel } from "../people/AttendancePanel.js";
import { queuesOf } from "../people/people.js";
import { sound, useCountInTab, usePreference } from "../kit/browser.js";
import { CriticalQueues } from "../queues/CriticalQueues.js";
import { feedsInWords, refusals, standing } from "../connection/connection.js";
import { ConnectionState } from "../connection/ConnectionState.js";
import { useServerNow } from "../connection/useServerNow.js";
import { DeadLink } from "./DeadLink.js";
import { Export } from "../queues/Export.js";
import { Bell, Header } from "./Header.js";
import { Icon } from "../kit/Icon.js";
import { Impossible } from "../figures/Impossible.js";
import type { Alert, Feed, Scope } from "../session/payloads.js";
import { QueueDrawer } from "../queues/QueueDrawer.js";
import { QueueTable } from "../queues/QueueTable.js";
import { byUrgency, queueRows, type QueueRow } from "../queues/queues.js";
import { ScopePicker } from "./ScopePicker.js";
import { DeferredBlock } from "../figures/DeferredBlock.js";
import { ServiceBlock } from "../figures/ServiceBlock.js";
import {
  departmentOf,
  type Organizations,
  type PageConfig,
  scopeName,
  storyOf,
  useSession,
} from "../session/session.js";
import { levelOf, titled } from "../figures/states.js";
import { NoAccess, Stopped } from "../connection/Stopped.js";
import { Skeleton } from "./Skeleton.js";
import { Suspect } from "../figures/Suspect.js";
import { Tiles } from "../figures/Tiles.js";
import { type Toast, stillShown, withAlert } from "../alerts/toasts.js";
import { Toasts } from "../alerts/Toasts.js";
import { Today } from "../day/Today.js";
import { useAnswer } from "../session/useAnswer.js";

const Empty = lazy(() => import("./Empty.js"));
const Walls = lazy(() => import("./Walls.js"));

const FEEDS_EVERY_SECONDS = 15;

interface Props {
  scope: Scope;
  config: PageConfig;
  organizations: Organizations;
  onScope: (scope: Scope) => void;
}

export function LiveDashboard({ scope, config, organizations, onScope }: Props) {
  const session = useSession();
  const { organization } = session;
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const [loud, setLoud] = usePreference<"on" | "off">("sound", "off");
  const [opened, setOpened] = useState<string | null>(null);
  const [walls, setWalls] = useState(false);

  const onAlert = (alert: Alert) => {
    setToasts((before) => withAlert(before, alert, Date.now()));
    if (loud === "on" && alert.severity === "critical") sound();
  };
  const live = useLiveFigures(scope, onAlert);
  const { alerts, now, rows } = live;
  const { feeds, said } = useFeeds(scope);
  const state = standing(live.status, feeds, live.freshness, now);
  const waiting = useMemo(() => alerts.openAlerts.filter(isWaiting), [alerts.openAlerts]);
  const ordered = useMemo(() => [...rows.values()].sort(byUrgency), [rows]);
  useCountInTab(waiting.length, titled(levelOf(live.kpi), scopeName(scope, organization)));

  const showAlerts = () => {
    alerts.clearAlertCount();
    document.getElementById("alerts")?.scrollIntoView({ block: "nearest" });
    document.querySelector<HTMLElement>("#alerts .alert-list")?.focus();
  };
  const open = useCallback((row: QueueRow) => setOpened(row.key), []);
  const row = opened === null ? undefined : rows.get(opened);
  const visible = stillShown(toasts, taken(toasts, waiting), now - live.status.clockOffset);

  return (
    <div className="console" data-connection={state.kind}>
      <Header
        demo={config.demo}
        signedIn={config.signed_in ?? false}
        now={now}
        picker={
          <ScopePicker
            organizations={organizations}
            organization={organization}
            scope={scope}
            seen={live.seen}
            onScope={onScope}
          />
        }
        connection={<ConnectionState standing={state} feeds={feeds} said={said} now={now} />}
        tools={
          <>
            <Bell count={alerts.alertCount} onOpen={showAlerts} />
            <SoundButton loud={loud} onChange={setLoud} />
            <a
              className="quiet"
              href={storyOf(scope)}
              aria-label="What happened"
              title="What happened: the day, and the hand-over"
            >
              <Icon name="story" />
            </a>
            <Export scope={scope} rows={rows} now={now} />
            {session.may("walls") && (
              <button
                type="button"
                className="quiet"
                aria-label="Wall boards"
                title="Wall boards"
                onClick={() => setWalls(true)}
              >
                <Icon name="wall" />
              </button>
            )}
          </>
        }
      />
      <Stopped status={live.status} />
      {live.ready && (
        <DeadLink scope={scope} seen={live.seen}>
          <NoAccess refused={live.freshness.refused} />
        </DeadLink>
      )}
      <main>
        {live.isEmpty ? (
          <Suspense fallback={<Skeleton />}>
            <Empty demo={config.demo} />
          </Suspense>
        ) : (
          <Body
            scope={scope}
            live={live}
            rows={ordered}
            opened={opened}
            onOpen={open}
            newest={<NewestCritical alerts={alerts.openAlerts} now={now} />}
            feeds={feeds}
            feed={<AlertFeed alerts={alerts.openAlerts} problem={live.problems.alerts} now={now} />}
          />
        )}
      </main>
      <Toasts
        toasts={visible}
        onDismiss={(toast) => setToasts((before) => before.filter((each) => each.id !== toast.id))}
        onShow={showAlerts}
      />
      {row && <QueueDrawer row={row} now={now} onClose={() => setOpened(null)} onScope={onScope} />}
      {walls && (
        <Suspense>
          <Walls scope={scope} onClose={() => setWalls(false)} />
        </Suspense>
      )}
    </div>
  );
}

interface BodyProps {
  scope: Scope;
  live: Live;
  rows: QueueRow[];
  opened: string | null;
  onOpen: (row: QueueRow) => void;
  newest: ReactNode;
  /** The panel of alerts. */
  feed: ReactNode;
  feeds: readonly Feed[];
}

function Body({ scope, live, rows, opened, onOpen, newest, feed, feeds }: BodyProps) {
  const { kpi, backlog, attendance, now } = live;
  if (!live.ready) return <Skeleton />;
  return (
    <>
      {newest}
      <Suspect kpi={kpi} now={now} />
      <Impossible rows={rows} feeds={feeds} />
      <CriticalQueues rows={rows} scope={kpi} now={now} onOpen={onOpen} />
      <Tiles kpi={kpi} rows={rows} backlog={backlog} attendance={attendance} scope={scope} now={now} />
      <div className="columns">
        <div className="column">
          <QueueTable rows={live.rows} complete={live.ready} now={now} opened={opened} onOpen={onOpen} />
          <ServiceBlock kpi={kpi} />
          <DeferredBlock kpi={kpi} />
          <Today scope={scope} kpi={kpi} backlogs={live.backlogs} now={now} />
        </div>
        <div className="column">
          {feed}
          <AttendancePanel
            scope={scope}
            figure={attendance}
            kpi={kpi}
            queues={queuesOf(live.seen, scope)}
            problem={live.problems.people}
          />
        </div>
      </div>
    </>
  );
}

export type Live = ReturnType<typeof useLiveFigures>;

/** Everything that the socket tells of a scope, and the time as the server counts it. */
export function useLiveFigures(scope: Scope, onAlert: ((alert: Alert) => void) | null) {
  const kpis = useKPIUpdates(null, scope);
  const backlogs = useBacklogUpdates(null, scope);
  const people = useAttendanceUpdates(null, departmentOf(scope));
  const alerts = useAlertNotifications(onAlert, scope);
  const now = useServerNow();
  const { time_zone: zone } = useSession().organization;
  const minute = now - (now % 60_000);
  const rows = useMemo(
    () => queueRows(latest(kpis.byScope), latest(backlogs.byScope), alerts.openAlerts, { now: minute, zone }),
    [kpis.byScope, backlogs.byScope, alerts.openAlerts, minute, zone],
  );
  const seen = useMemo(() => queuesSeen(rows.values()), [rows]);
  const newest = [kpis.latestUpdate?.as_of ?? undefined, backlogs.latestUpdate?.timestamp]
    .filter(Boolean)
    .sort()
    .at(-1);
  const ready = [kpis, backlogs, people, alerts].every((each) => each.ready || each.problem);
  return {
    kpi: kpis.latestUpdate,
    backlog: backlogs.latestUpdate,
    backlogs: backlogs.history,
    attendance: people.latestUpdate,
    alerts,
    rows,
    seen,
    now,
    status: kpis.status,
    freshness: {
      stale: kpis.latestUpdate ? kpis.stale : backlogs.stale,
      newest,
      refused: refusals({ Figures: kpis, Backlog: backlogs, Attendance: people, Alerts: alerts }),
    },
    ready,
    problems: { people: people.problem?.message ?? "", alerts: alerts.problem?.message ?? "" },
    // A part that may not be read, or could not, may well have been posted.
    isEmpty:
      [kpis, backlogs, people, alerts].every((each) => each.ready && !each.problem) &&
      !kpis.byScope.size &&
      !backlogs.byScope.size &&
      !people.byScope.size &&
      !alerts.openAlerts.length,
  };
}

const latest = <T,>(byScope: ReadonlyMap<string, { latest: T }>): T[] =>
  [...byScope.values()].map((each) => each.latest);

function queuesSeen(rows: Iterable<QueueRow>): Map<string, Set<string>> {
  const seen = new Map<string, Set<string>>();
  for (const { department, queue } of rows) seen.set(department, (seen.get(department) ?? new Set()).add(queue));
  return seen;
}

function taken(toasts: readonly Toast[], waiting: readonly Alert[]): Set<string> {
  const left = new Set(waiting.map(({ alert_id }) => alert_id));
  return new Set(toasts.map(({ alert }) => alert.alert_id).filter((id) => !left.has(id)));
}

const NO_FEEDS: readonly Feed[] = [];

/** Which feeds deliver; only those who see the whole organization may ask. */
function useFeeds({ organization_id }: Scope): { feeds: readonly Feed[]; said: string } {
  const { whole } = useSession().organization;
  const asked = useAnswer<{ feeds: Feed[] }>(
    whole ? "/api/intraday/feeds" : null,
    { organization_id },
    { everySeconds: FEEDS_EVERY_SECONDS },
  );
  return { feeds: asked.answer?.feeds ?? NO_FEEDS, said: feedsInWords(whole, asked) };
}

function SoundButton({ loud, onChange }: { loud: "on" | "off"; onChange: (loud: "on" | "off") => void }) {
  const label = `Sound for critical alerts: ${loud}`;
  const change = () => {
    const next = loud === "on" ? "off" : "on";
    onChange(next);
    if (next === "on") sound(); // so that one knows it, and the browser allows the next
  };
  return (
    <button
      type="button"
      className="quiet"
      aria-pressed={loud === "on"}
      aria-label={label}
      title={label}
      onClick={change}
    >
      <Icon name={loud === "on" ? "sound" : "muted"} />
    </button>
  );
}
