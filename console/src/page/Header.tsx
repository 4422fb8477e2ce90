// The bar on top: what is shown, how we stand with the server, and what a person can switch.

import type { ReactNode } from "react";

import { remembered, type Theme, useTheme } from "../kit/browser.js";
import { Icon } from "../kit/Icon.js";
import { Popover } from "../kit/parts.js";
import { csrfToken } from "../session/rest.js";
import { addressOf, mayReadAudit, useSession } from "../session/session.js";
import { clock, in12Hours } from "../kit/words.js";

interface Props {
  picker: ReactNode;
  connection: ReactNode;
  tools: ReactNode;
  now: number;
  demo: boolean;
  signedIn: boolean;
}

export function Header({ picker, connection, tools, now, demo, signedIn }: Props) {
  const { organization, may } = useSession();
  return (
    <header className="top">
      <a className="skip" href="#alerts">
        Skip to the alerts
      </a>
      <h1>
        <img src="/static/intraday/icon.svg" alt="" width="20" height="20" />
        Intraday
      </h1>
      {demo && <span className="demo">Demo</span>}
      {picker}
      {connection}
      <span className="tools">
        <time className="clock" title={organization.time_zone}>
          {clock(now, organization.time_zone)}
        </time>
        {tools}
        <ThemeButton />
        <Popover label={`${organization.user}, ${organization.role}`} button={organization.user}>
          <p>
            <strong>{organization.user}</strong>, {organization.role} of {organization.name}
          </p>
          <Hours />
          {signedIn ? <SignOut /> : <a href="/signin">Sign in</a>}
          <p className="links">
            {signedIn && <a href="/account">Account</a>} <a href="/api/docs">API</a> <a href="/admin/">Admin</a>
            {mayReadAudit(organization) && (
              <a href={`/audit${addressOf({ organization_id: organization.id })}`}>Audit log</a>
            )}
          </p>
          <p className="links">
            {may("manage") && organization.whole && (
              <>
                <a href={`/admin/org/organization/${organization.id}/change/`}>Members</a>{" "}
                <a href="/admin/org/apikey/">API keys</a>
              </>
            )}
            {may("rules") && organization.whole && <a href="/admin/alerts/rule/">Rules</a>}
            {may("notify") && organization.whole && <a href="/admin/outgoing/route/">Routes</a>}
          </p>
        </Popover>
      </span>
    </header>
  );
}

/** The whole page tells times, so it is loaded anew. */
function Hours() {
  const change = (chosen: boolean) => {
    remembered.set("hours", chosen ? "12" : "24");
    location.reload();
  };
  return (
    <label>
      <input type="checkbox" checked={in12Hours()} onChange={(event) => change(event.target.checked)} /> Times as 5:00
      pm
    </label>
  );
}

function SignOut() {
  return (
    <form method="post" action="/signout">
      <input type="hidden" name="csrfmiddlewaretoken" value={csrfToken()} />
      <button>Sign out</button>
    </form>
  );
}

const NEXT: Record<Theme, Theme> = { auto: "light", light: "dark", dark: "auto" };

function ThemeButton() {
  const [theme, setTheme] = useTheme();
  const label = `Colours: ${theme === "auto" ? "as the system" : theme}`;
  return (
    <button type="button" className="quiet" aria-label={label} title={label} onClick={() => setTheme(NEXT[theme])}>
      <Icon name="theme" />
    </button>
  );
}

interface BellProps {
  count: number;
  onOpen: () => void;
}

export function Bell({ count, onOpen }: BellProps) {
  const label = count ? `${count} new alerts: show them` : "No new alerts";
  return (
    <button type="button" className="bell quiet" aria-label={label} title={label} onClick={onOpen}>
      <Icon name="bell" />
      {count > 0 && <span className="badge">{count > 99 ? "99+" : count}</span>}
    </button>
  );
}
