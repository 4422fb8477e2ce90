import { useBacklogUpdates } from "intraday-realtime/hooks/useWebSocket";

export function BacklogMonitor({ organization }: { organization: string }) {
  const { latestUpdate, byScope, ready, problem } = useBacklogUpdates(undefined, { organization_id: organization });
  const queues = [...byScope.values()].map(({ latest }) => latest).filter(({ queue_name }) => queue_name);
  queues.sort((one, other) => other.total_items - one.total_items);
  if (problem) return <p role="alert">{problem.message}</p>;
  if (!ready) return <p>Loading</p>;
  return (
    <section>
      <h2>{latestUpdate ? `${latestUpdate.total_items} items wait` : "No figures yet."}</h2>
      <ul>
        {queues.map(({ department_id, queue_name, total_items, backlog_trend }) => (
          <li key={`${department_id} ${queue_name}`}>
            {queue_name}: {total_items}, {backlog_trend}
          </li>
        ))}
      </ul>
    </section>
  );
}
