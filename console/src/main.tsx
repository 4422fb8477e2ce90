// The page: reads what the server wrote into it, and shows the console, an alert or a wall board.

import { lazy, StrictMode, Suspense, useEffect, useMemo, useState } from "react";
import { createRoot } from "react-dom/client";

import { configureIntraday } from "intraday-realtime";
import { Crash } from "./page/Crash.js";
import { remembered, useTheme } from "./kit/browser.js";
import { tellIn12Hours } from "./kit/words.js";
import { LiveDashboard } from "./page/LiveDashboard.js";
import { keepingView } from "./queues/tableview.js";
import type { Scope } from "./session/payloads.js";
import { rest } from "./session/rest.js";
import {
  addressOf,
  newSession,
  type Organizations,
  type PageConfig,
  scopeInAddress,
  scopeOf,
  SessionProvider,
} from "./session/session.js";
import "./styles/index.css";
import { WallToken } from "./session/walltoken.js";

const AlertPage = lazy(() => import("./alerts/AlertPage.js"));
const AuditLog = lazy(() => import("./audit/AuditLog.js"));
const StoryPage = lazy(() => import("./story/StoryPage.js"));
const WallBoard = lazy(() => import("./page/WallBoard.js"));

interface Props {
  config: PageConfig;
  organizations: Organizations;
}

function ConsolePage({ config, organizations }: Props) {
  const [scope, setScope] = useState(() => scopeInAddress(location.search, organizations));
  const organization = organizations.find(({ id }) => id === scope.organization_id) ?? organizations[0];
  const session = useMemo(() => newSession(organization, rest()), [organization]);
  useEffect(() => {
    const back = () => setScope(scopeInAddress(location.search, organizations));
    addEventListener("popstate", back);
    return () => removeEventListener("popstate", back);
  }, [organizations]);
  const go = (next: Scope) => {
    // A connection belongs to one organization: another one is another page.
    if (next.organization_id !== scope.organization_id) return location.assign(addressOf(next));
    history.pushState(null, "", keepingView(addressOf(next), location.search));
    setScope(next);
  };
  return (
    <SessionProvider value={session}>
      <LiveDashboard scope={scope} config={config} organizations={organizations} onScope={go} />
    </SessionProvider>
  );
}

function SingleAlert({ organizations, id }: { organizations: Organizations; id: string }) {
  useTheme();
  const { organization_id } = scopeInAddress(location.search, organizations);
  const place = organizations.findIndex((each) => each.id === organization_id);
  const organization = organizations[place] ?? organizations[0];
  const next = organizations[place + 1]; // the link in a notification names no organization: all are tried
  const session = useMemo(() => newSession(organization, rest()), [organization]);
  return (
    <SessionProvider value={session}>
      <AlertPage id={id} elsewhere={next && addressOf({ organization_id: next.id })} />
    </SessionProvider>
  );
}

function Audit({ organizations }: { organizations: Organizations }) {
  const { organization_id } = scopeInAddress(location.search, organizations);
  const organization = organizations.find(({ id }) => id === organization_id) ?? organizations[0];
  const session = useMemo(() => newSession(organization, rest()), [organization]);
  return (
    <SessionProvider value={session}>
      <AuditLog organizations={organizations} />
    </SessionProvider>
  );
}

function Story({ organizations }: { organizations: Organizations }) {
  const scope = scopeInAddress(location.search, organizations);
  const organization = organizations.find(({ id }) => id === scope.organization_id) ?? organizations[0];
  const session = useMemo(() => newSession(organization, rest()), [organization]);
  return (
    <SessionProvider value={session}>
      <StoryPage scope={scope} organizations={organizations} />
    </SessionProvider>
  );
}

function Wall({ config, organizations, token }: Props & { token: WallToken }) {
  const [organization] = organizations;
  const session = useMemo(() => newSession(organization, rest(token.get), true), [organization, token]);
  return (
    <SessionProvider value={session}>
      <WallBoard scope={wallScope(location.search, organizations)} version={config.version} token={token} />
    </SessionProvider>
  );
}

/** The scope of the link; its address may name one queue of it. */
function wallScope(address: string, organizations: Organizations): Scope {
  const asked = new URLSearchParams(address);
  const { organization_id, department_id = "" } = scopeInAddress("", organizations);
  return scopeOf(organization_id, department_id || (asked.get("department") ?? ""), asked.get("queue") ?? "");
}

function NoOrganization() {
  return (
    <main className="single">
      <h1>You belong to no organization yet</h1>
      <p>
        An administrator can make you a member under <a href="/admin/">Admin</a>, Organizations. Then load this page
        again.
      </p>
    </main>
  );
}

function page(config: PageConfig) {
  const [first, ...others] = config.organizations;
  if (!first) return <NoOrganization />;
  const organizations: Organizations = [first, ...others];
  if (config.view === "alert" && config.alert_id)
    return <SingleAlert organizations={organizations} id={config.alert_id} />;
  if (config.view === "audit") return <Audit organizations={organizations} />;
  if (config.view === "story") return <Story organizations={organizations} />;
  if (config.view === "wall" && config.token_url) {
    const token = new WallToken(config.token_url);
    configureIntraday({ getToken: token.renewed });
    return <Wall config={config} organizations={organizations} token={token} />;
  }
  return <ConsolePage config={config} organizations={organizations} />;
}

const place = document.getElementById("console");
const config = JSON.parse(document.getElementById("config")?.textContent ?? "null") as PageConfig | null;
if (place && config) {
  tellIn12Hours(remembered.get("hours") === "12");
  document.documentElement.dataset.view = config.view;
  createRoot(place).render(
    <StrictMode>
      <Crash reloads={config.view === "wall"}>
        <Suspense>{page(config)}</Suspense>
      </Crash>
    </StrictMode>,
  );
}
