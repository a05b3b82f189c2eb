import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { GlossaError } from '../errors.js';
import type { ServerApp } from './dialect.js';

const PACKAGE = 'swagger-ui-dist/package.json';

/** Files of Swagger UI's that the page needs. */
const TYPES: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

/** Relative throughout, so that it works behind a proxy that puts a path before ours. */
const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Glossa's APIs</title>
    <link rel="stylesheet" href="docs/swagger-ui.css">
    <link rel="icon" type="image/png" href="docs/favicon-32x32.png">
    <script src="docs/swagger-ui-bundle.js" defer></script>
    <script src="docs/start.js" defer></script>
  </head>
  <body>
    <div id="viewer"></div>
  </body>
</html>
`;

/** A file of its own, since the page may hold no script. validatorUrl: it would send the document to its makers. */
const START = `SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#viewer',
  deepLinking: true,
  docExpansion: 'none',
  validatorUrl: null,
});
`;

/** Nothing from elsewhere, nothing inline; Swagger UI's style sheet has its images within it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const COMMON_HEADERS = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' };

/** `GET /docs`: Swagger UI on `/openapi.json`, from the package's own files. */
export function mountViewer(app: ServerApp): void {
  const resolver = createRequire(import.meta.url);
  const { version } = resolver(PACKAGE) as { version: string };
  const folder = dirname(resolver.resolve(PACKAGE));

  app.get('/docs', function viewer(context) {
    return context.html(PAGE, 200, {
      ...COMMON_HEADERS,
      'content-security-policy': POLICY,
      'cache-control': 'no-cache',
    });
  });

  app.get('/docs/start.js', function viewerStart(context) {
    const headers = { 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'no-cache' };
    return context.body(START, 200, { ...COMMON_HEADERS, ...headers });
  });

  app.get('/docs/:file', async function viewerFile(context) {
    const file = context.req.param('file');
    const headers = { ...COMMON_HEADERS, 'cache-control': 'private, max-age=86400', etag: `"${version}"` };
    const type = Object.hasOwn(TYPES, file) ? TYPES[file] : undefined;
    if (type === undefined) throw new GlossaError('ROUTE_NOT_FOUND', 'no such route');
    if (context.req.header('if-none-match') === headers.etag) return context.body(null, 304, headers);
    const bytes = new Uint8Array(await readFile(join(folder, file)));
    return context.body(bytes, 200, { ...headers, 'content-type': type });
  });
}
