// The page before its first figures: nothing is said yet, and what comes takes these places.

const TILES = 8;

export function Skeleton() {
  return (
    <div className="skeleton" role="status" aria-label="Loading the figures">
      <i className="strip" />
      <div className="tiles">
        {Array.from({ length: TILES }, (_, place) => (
          <i key={place} />
        ))}
      </div>
      <div className="columns">
        <i className="tall" />
        <i className="tall" />
      </div>
    </div>
  );
}
