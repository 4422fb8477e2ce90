// Vite for `make dev`: the console's sources with hot reload, in pages that the server renders; all else is passed on to
// the server. `node scripts/dev.mjs PORT http://localhost:5000`
import { join } from "node:path";
import { createServer } from "vite";

const [port, backend] = process.argv.slice(2);
const PAGES = /^\/($|\?|audit|alerts\/|wall\/[^/]+$)/;
const VITES_OWN = /^\/(@|src\/|node_modules\/|__)/;
const BUILT = /<(script type="module"|link rel="stylesheet") [^>]*\/build\/assets\/[^>]*>(<\/script>)?/g;

/** The server's page, with the sources in place of what is built of them. */
async function page(vite, request, answer) {
  const asked = await fetch(backend + request.url, { headers: headersOf(request), redirect: "manual" });
  const html = await asked.text();
  answer.statusCode = asked.status;
  for (const name of ["content-type", "location"])
    if (asked.headers.has(name)) answer.setHeader(name, asked.headers.get(name));
  answer.setHeader("set-cookie", asked.headers.getSetCookie());
  const source = html
    .replace(BUILT, "")
    .replace("</head>", '<script type="module" src="/src/main.tsx"></script></head>');
  answer.end(html.includes("</head>") ? await vite.transformIndexHtml(request.url, source) : html);
}

/** Its Host stays: the server compares it with the origin of the page. fetch() would not send it. */
function headersOf({ headers }) {
  return {
    cookie: headers.cookie ?? "",
    accept: headers.accept ?? "*/*",
    "accept-language": headers["accept-language"] ?? "en",
  };
}

const pages = {
  name: "pages-of-the-server",
  configureServer(vite) {
    vite.middlewares.use((request, answer, next) => {
      if (request.method !== "GET" || !PAGES.test(request.url)) return next();
      page(vite, request, answer).catch(() => {
        answer.statusCode = 503;
        answer.setHeader("content-type", "text/plain");
        answer.end("The server does not answer yet: load this page again.\n");
      });
    });
  },
};

const vite = await createServer({
  root: join(import.meta.dirname, "../console"),
  appType: "custom",
  plugins: [pages],
  server: {
    host: "localhost",
    port: Number(port),
    strictPort: true,
    proxy: { "/ws": { target: backend, ws: true }, [`^(?!${VITES_OWN.source.slice(1)})/`]: { target: backend } },
  },
});
await vite.listen();
