// One scope on a wall: nothing to click, large, and loud when it is not current.

import { useEffect } from "react";

import { useNow } from "../kit/browser.js";
import { AlertFeed } from "../alerts/AlertFeed.js";
import { Body, useLiveFigures } from "./LiveDashboard.js";
import { standing } from "../connection/connection.js";
import type { Scope } from "../session/payloads.js";
import { byUrgency } from "../queues/queues.js";
import { scopeName, useSession } from "../session/session.js";
import type { WallToken } from "../session/walltoken.js";
import { clock } from "../kit/words.js";

const VERSION_EVERY_MS = 60_000;

interface Props {
  scope: Scope;
  version: string;
  token: WallToken;
}

export function WallBoard({ scope, version, token }: Props) {
  const { organization } = useSession();
  const live = useLiveFigures(scope, null);
  const state = standing(live.status, [], live.freshness, live.now);
  useNewVersion(version, token);
  const rows = [...live.rows.values()].sort(byUrgency);
  return (
    <div className="console wall" data-connection={state.kind}>
      <header className="top">
        <h1>{scopeName(scope, organization)}</h1>
        <span className="tools">
          <span className="connection" data-kind={state.kind}>
            <span className="dot" aria-hidden="true" /> <span id="connection">{state.text}</span>
          </span>
          <time className="clock">{clock(live.now, organization.time_zone)}</time>
        </span>
      </header>
      <Old state={state} />
      <main>
        <Body
          scope={scope}
          live={live}
          rows={rows}
          onOpen={() => undefined}
          newest={null}
          feed={<AlertFeed alerts={live.alerts.openAlerts} now={live.now} />}
        />
      </main>
    </div>
  );
}

/** Read from across the room. */
function Old({ state }: { state: ReturnType<typeof standing> }) {
  if (state.kind === "live" || state.kind === "connecting" || state.kind === "catching_up") return null;
  if (state.kind === "refused")
    return (
      <p className="banner large" role="alert">
        This board shows less than it should. {state.detail}
      </p>
    );
  const text = state.kind === "stopped" ? `This board has ended. ${state.detail}` : `${state.text}: ${state.detail}`;
  return (
    <p className="banner large" role="alert">
      These figures are old. {text}
    </p>
  );
}

/** Nobody reloads a wall: it does so itself once another version is served. */
function useNewVersion(version: string, token: WallToken): void {
  const round = useNow(VERSION_EVERY_MS);
  useEffect(() => {
    token.fresh().then(
      (answer) => answer.version !== version && location.reload(),
      () => undefined, // what is wrong, the connection says
    );
  }, [round, version, token]);
}
