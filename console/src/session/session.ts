// The session: the person, the organization, and the page's calls to the server.

import { createContext, useContext } from "react";

import type { Scope } from "./payloads.js";
import type { Rest } from "./rest.js";

export interface Department {
  id: string;
  name: string;
  queues: string[];
}

/** One of the organizations that the person belongs to, as the server described it. */
export interface Organization {
  id: string;
  name: string;
  time_zone: string;
  user: string;
  /** The name of the person in the history of an alert. */
  actor: string;
  role: string;
  grants: string[];
  sees_names: boolean;
  /** Whether the person may see all of it, or only these departments. */
  whole: boolean;
  departments: Department[];
}

export type Organizations = readonly [Organization, ...Organization[]];

export interface PageConfig {
  view: "console" | "alert" | "audit" | "story" | "wall";
  demo: boolean;
  version: string;
  signed_in?: boolean;
  organizations: Organization[];
  alert_id?: string;
  token_url?: string;
}

/** An entry may name any department, so it is not for those who are limited to some. */
export const mayReadAudit = ({ grants, whole }: Organization): boolean => whole && grants.includes("manage");

export interface Session {
  organization: Organization;
  rest: Rest;
  may: (grant: "act" | "silence" | "walls" | "rules" | "notify" | "manage") => boolean;
  /** On a wall, where anybody reads: the server leaves people out, and what they wrote. */
  anonymous: boolean;
}

const SessionContext = createContext<Session | null>(null);
export const SessionProvider = SessionContext.Provider;

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("No SessionProvider above this component.");
  return session;
}

export const newSession = (organization: Organization, rest: Rest, anonymous = false): Session => ({
  organization,
  rest,
  may: (grant) => organization.grants.includes(grant),
  anonymous,
});

// --- the scope in the address ---------------------------------------------------------------------------------------
/** The scope that the address names, as far as the person may see it. */
export function scopeInAddress(search: string, organizations: Organizations): Scope {
  const asked = new URLSearchParams(search);
  const organization = organizations.find(({ id }) => id === asked.get("organization")) ?? organizations[0];
  const department = asked.get("department") ?? (organization.whole ? "" : (organization.departments[0]?.id ?? ""));
  return scopeOf(organization.id, department, asked.get("queue") ?? "");
}

export function addressOf({ organization_id, department_id, queue_name }: Scope): string {
  const names = { organization: organization_id, department: department_id, queue: queue_name };
  const given = Object.entries(names).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return `?${new URLSearchParams(given)}`;
}

/** The page that tells the day of this scope. */
export const storyOf = (scope: Scope): string => `/story${addressOf(scope)}`;

export const scopeOf = (organization_id: string, department: string, queue: string): Scope => ({
  organization_id,
  ...(department && { department_id: department }),
  ...(queue && { queue_name: queue }),
});

/** Attendance counts people of departments; a queue has none of its own. */
export const departmentOf = ({ organization_id, department_id }: Scope): Scope => ({
  organization_id,
  ...(department_id && { department_id }),
});

export function scopeName(scope: Omit<Scope, "organization_id">, organization: Organization): string {
  return [scope.department_id, scope.queue_name].filter(Boolean).join(" / ") || organization.name;
}
