// A link to what there is not, or not any more: said, with a way out.

import type { ReactNode } from "react";

import { addressOf, type Organization, useSession } from "../session/session.js";
import type { Scope } from "../session/payloads.js";

interface Props {
  scope: Scope;
  /** Queues that feeds have made since the page was loaded, by department. */
  seen: ReadonlyMap<string, ReadonlySet<string>>;
  /** Shown if the link is alive. */
  children: ReactNode;
}

export function DeadLink({ scope, seen, children }: Props) {
  const { organization } = useSession();
  const said = dead(scope, seen, organization);
  if (!said) return children;
  return (
    <p className="banner" role="alert">
      {said} <a href={`/${addressOf({ organization_id: organization.id })}`}>Show {organization.name}</a>
    </p>
  );
}

function dead({ department_id, queue_name }: Scope, seen: Props["seen"], organization: Organization): string {
  const asked = new URLSearchParams(location.search).get("organization");
  if (asked && asked !== organization.id)
    return `There is no organization “${asked}”, or you do not belong to it. This is ${organization.name}.`;
  const known = organization.departments.find(({ id }) => id === department_id);
  if (department_id && !known && !seen.has(department_id))
    return `There is no department “${department_id}”, or it is not yours.`;
  if (!queue_name) return "";
  const isThere = (queues: Iterable<string> = []) => [...queues].includes(queue_name);
  const inDepartment = department_id
    ? isThere(known?.queues) || isThere(seen.get(department_id))
    : organization.departments.some(({ queues }) => isThere(queues)) || [...seen.values()].some(isThere);
  return inDepartment ? "" : `There is no queue “${queue_name}” here: it was renamed or removed, or is not yours.`;
}
