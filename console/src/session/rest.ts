// The REST API as the page calls it: with the session's cookie and CSRF token, or with the token of a wall board.

export class RestError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** The current state, if the server refused because something had changed. */
    readonly current?: unknown,
  ) {
    super(message);
  }
}

export interface Rest {
  get<Answer>(path: string, query?: object): Promise<Answer>;
  post<Answer>(path: string, body: object): Promise<Answer>;
  remove(path: string, query: object): Promise<unknown>;
}

/** `token` is asked before each call; without one the browser's session counts. */
export function rest(token?: () => Promise<string>): Rest {
  const call = async <Answer>(path: string, init: RequestInit): Promise<Answer> => {
    const headers = new Headers(init.headers);
    if (!token) return answer<Answer>(await reached(path, { ...init, headers }));
    headers.set("Authorization", `Bearer ${await token()}`);
    return answer<Answer>(await reached(path, { ...init, headers, credentials: "omit" })); // nobody's session
  };
  return {
    get: (path, query = {}) => call(withQuery(path, query), {}),
    post: (path, body) =>
      call(path, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken() },
        body: JSON.stringify(body),
      }),
    remove: (path, query) =>
      call(withQuery(path, query), { method: "DELETE", headers: { "X-CSRFToken": csrfToken() } }),
  };
}

export async function reached(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, { credentials: "same-origin", ...init });
  } catch {
    throw new RestError(0, "unreachable", "The server cannot be reached.");
  }
}

async function answer<Answer>(response: Response): Promise<Answer> {
  const body: unknown = await response.json().catch(() => ({}));
  if (response.ok) return body as Answer;
  const {
    code = "unknown",
    message = `The server answered ${response.status}.`,
    errors = {},
    current,
    request_id: requestId,
  } = body as Refusal;
  const said = Object.entries(errors).map(([field, why]) => `${field}: ${String(why)}`);
  // Nothing that the reader could mend: by its id an operator finds the request in the log.
  if (response.status >= 500 && requestId) said.push(`(request ${requestId})`);
  throw new RestError(response.status, code, [message, ...said].join(" "), current);
}

/** The one shape of errors. */
interface Refusal {
  code?: string;
  message?: string;
  errors?: Record<string, unknown>;
  current?: unknown;
  request_id?: string;
}

export function withQuery(path: string, query: object): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  return given.length ? `${path}?${new URLSearchParams(given as [string, string][])}` : path;
}

export function csrfToken(): string {
  const name = "csrftoken=";
  return (
    document.cookie
      .split("; ")
      .find((each) => each.startsWith(name))
      ?.slice(name.length) ?? ""
  );
}
