// The portal's own backend: serves the page, and fetches a token for the person who is signed in here.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";

const INTRADAY = process.env.INTRADAY_URL ?? "http://localhost:5000";
const KEY = process.env.INTRADAY_KEY; // of the scope `token`; it never leaves this process
const PORT = Number(process.env.PORT ?? 8080);
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8" };
const FOLDERS = { "/intraday-realtime/": "node_modules/intraday-realtime/dist", "/": "public" };

if (!KEY) throw new Error("INTRADAY_KEY is not set: manage.py apikey create --organization org_123 --scope token");

/** Your own sign-in says who this is and what they may see. */
const signedInUser = () => ({ user_id: "ann", role: "viewer" });

async function token(request, response) {
  const answer = await fetch(`${INTRADAY}/api/ws/token`, {
    method: "POST",
    headers: { Authorization: `Api-Key ${KEY}`, "Content-Type": "application/json" },
    body: JSON.stringify(signedInUser(request)),
  });
  const { token, organization_id, code, message } = await answer.json();
  if (!answer.ok) return send(response, 502, JSON.stringify({ code, message }));
  send(response, 200, JSON.stringify({ token, organization_id, url: INTRADAY }), "application/json");
}

async function file(path, response) {
  const [prefix, folder] = Object.entries(FOLDERS).find(([start]) => path.startsWith(start));
  const name = normalize(`/${path.slice(prefix.length) || "index.html"}`); // never above its folder
  try {
    send(response, 200, await readFile(join(import.meta.dirname, folder, name)), TYPES[extname(name)]);
  } catch {
    send(response, 404, "Not found");
  }
}

function send(response, status, body, type = "text/plain") {
  response.writeHead(status, { "Content-Type": type, "Cache-Control": "no-store" }).end(body);
}

createServer(async (request, response) => {
  const { pathname } = new URL(request.url, "http://portal");
  try {
    if (pathname === "/token" && request.method === "POST") await token(request, response);
    else await file(pathname, response);
  } catch (error) {
    send(response, 502, String(error));
  }
}).listen(PORT, () => console.log(`The portal is at http://localhost:${PORT}`));
