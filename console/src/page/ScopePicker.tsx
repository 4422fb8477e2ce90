// Organization, department, queue: what the page shows. The choice is in the address.

import type { Scope } from "../session/payloads.js";
import { type Organization, type Organizations, scopeOf } from "../session/session.js";

interface Props {
  organizations: Organizations;
  organization: Organization;
  scope: Scope;
  /** Queues that feeds have made since the page was loaded, by department. */
  seen: ReadonlyMap<string, ReadonlySet<string>>;
  onScope: (scope: Scope) => void;
}

export function ScopePicker({ organizations, organization, scope, seen, onScope }: Props) {
  const departments = withSeen(organization, seen);
  const department = scope.department_id ?? "";
  const queues = departments.get(department) ?? [];
  return (
    <div className="picker" role="group" aria-label="What to show">
      {organizations.length > 1 ? (
        <select
          aria-label="Organization"
          value={organization.id}
          onChange={(event) => onScope(scopeOf(event.target.value, "", ""))}
        >
          {organizations.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      ) : (
        <strong className="organization">{organization.name}</strong>
      )}
      <select
        aria-label="Department"
        value={department}
        onChange={(event) => onScope(scopeOf(organization.id, event.target.value, ""))}
      >
        {organization.whole && <option value="">All departments</option>}
        {[...departments.keys()].map((id) => (
          <option key={id} value={id}>
            {organization.departments.find((each) => each.id === id)?.name ?? id}
          </option>
        ))}
      </select>
      <select
        aria-label="Queue"
        value={scope.queue_name ?? ""}
        disabled={!department}
        onChange={(event) => onScope(scopeOf(organization.id, department, event.target.value))}
      >
        <option value="">All queues</option>
        {queues.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </div>
  );
}

function withSeen(organization: Organization, seen: Props["seen"]): Map<string, string[]> {
  const all = new Map(organization.departments.map(({ id, queues }) => [id, new Set(queues)]));
  for (const [id, queues] of seen) all.set(id, new Set([...(all.get(id) ?? []), ...queues]));
  return new Map(
    [...all]
      .sort()
      .map(([id, queues]) => [id, [...queues].sort((a, b) => a.localeCompare(b, "en", { numeric: true }))]),
  );
}
