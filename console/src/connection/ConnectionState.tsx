import { Popover } from "../kit/parts.js";
import type { Standing } from "./connection.js";
import type { Feed } from "../session/payloads.js";
import { useSession } from "../session/session.js";
import { ageSeconds, duration, until } from "../kit/words.js";

interface Props {
  standing: Standing;
  feeds: readonly Feed[];
  /** A sentence about them, such as why they are not known; empty if there is none. */
  said: string;
  now: number;
}

/** Always visible; what it says in a word is announced, its seconds are not. */
export function ConnectionState({ standing, feeds, said, now }: Props) {
  return (
    <div className="connection" data-kind={standing.kind}>
      <Popover
        label={`Connection: ${[standing.text, standing.detail].filter(Boolean).join(" ")}`}
        className="state"
        button={
          <>
            <span className="dot" aria-hidden="true" />
            <span id="connection">{standing.text}</span> {standing.detail && <small>{standing.detail}</small>}
          </>
        }
      >
        {feeds.length > 0 && <Feeds feeds={feeds} now={now} />}
        {said && <p>{said}</p>}
      </Popover>
      <span className="visually-hidden" role="status">
        {standing.text}
      </span>
    </div>
  );
}

/** Why a long silence may be right. */
function awaited({ awaited_since, cadence_seconds }: Feed, zone: string, now: number): string | undefined {
  if (awaited_since) return `awaited since ${until(awaited_since, now, zone)}`;
  return cadence_seconds === null ? undefined : "not awaited: its queues are closed";
}

function Feeds({ feeds, now }: { feeds: readonly Feed[]; now: number }) {
  const { time_zone: zone } = useSession().organization;
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Feed</th>
          <th scope="col">Posts</th>
          <th scope="col" className="figure">
            Last
          </th>
          <th scope="col" className="figure">
            Every
          </th>
        </tr>
      </thead>
      <tbody>
        {feeds.map((feed) => (
          <tr key={`${feed.source} ${feed.kind}`} data-stale={feed.stale}>
            <th scope="row">
              {feed.source}
              {feed.warning && <small className="warning">{feed.warning}</small>}
              {feed.last_error && <small className="warning">last error: {feed.last_error}</small>}
            </th>
            <td>{feed.kind}</td>
            <td className="figure" title={awaited(feed, zone, now)}>
              {feed.stale && "silent, "}
              {duration(ageSeconds(feed.last_received_at, now))}
            </td>
            <td className="figure">{duration(feed.cadence_seconds)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
