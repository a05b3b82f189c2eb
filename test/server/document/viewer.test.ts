import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { testServer } from '../../fakes/server.js';

const { app } = testServer();
const page = await app.request('/docs');
const html = await page.text();
/** What the page loads, as a browser at /docs resolves it. */
const assets = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(
  ([, reference = '']) => new URL(reference, 'http://here/docs'),
);

describe('GET /docs', () => {
  test('is a page', () => {
    assert.equal(page.status, 200);
    assert.match(page.headers.get('content-type') ?? '', /^text\/html; charset=utf-8$/i);
  });

  test('loads nothing from elsewhere, and holds neither scripts nor styles', () => {
    assert.doesNotMatch(html, /https?:|\/\//);
    assert.doesNotMatch(html, /<style|\sstyle=|\son\w+=/i);
    for (const [, inside] of html.matchAll(/<script[^>]*>([^]*?)<\/script>/g)) assert.equal(inside, '');
    assert.ok(assets.every(({ host }) => host === 'here'));
  });

  test('lets the browser load nothing from elsewhere either', () => {
    const policy = new Map(
      (page.headers.get('content-security-policy') ?? '').split('; ').map((rule) => {
        const [name = '', ...sources] = rule.split(' ');
        return [name, sources.join(' ')];
      }),
    );
    assert.equal(policy.get('default-src'), "'none'");
    assert.equal(policy.get('script-src'), "'self'");
    assert.equal(policy.get('style-src'), "'self'");
    assert.equal(policy.get('connect-src'), "'self'");
    assert.equal(policy.get('frame-ancestors'), "'none'");
  });

  for (const { pathname } of assets)
    test(`${pathname} is there`, async () => {
      const types = {
        js: 'text/javascript; charset=utf-8',
        css: 'text/css; charset=utf-8',
        png: 'image/png',
      };
      const response = await app.request(pathname);
      assert.equal(response.status, 200);
      assert.equal(
        response.headers.get('content-type'),
        types[pathname.split('.').at(-1) as keyof typeof types],
      );
      assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
      assert.ok(response.headers.has('cache-control'));
      assert.ok((await response.arrayBuffer()).byteLength > 100);
    });

  test('has what it needs for its start: the function, the element and the document', async () => {
    const [start, bundle] = await Promise.all(
      ['/docs/start.js', '/docs/swagger-ui-bundle.js'].map(
        async (path) => await (await app.request(path)).text(),
      ),
    );
    const [, element] = /dom_id: '#(\w+)'/.exec(start ?? '') ?? [];
    assert.ok(html.includes(`id="${element ?? 'none'}"`));
    assert.match(bundle ?? '', /SwaggerUIBundle/);
    const [, document = ''] = /url: '([^']+)'/.exec(start ?? '') ?? [];
    assert.equal((await app.request(new URL(document, 'http://here/docs').pathname)).status, 200);
    assert.doesNotMatch(start ?? '', /https?:/);
  });

  test('gives no other file of its folder', async () => {
    const paths = ['/docs/index.html', '/docs/package.json', '/docs/..%2fpackage.json', '/docs/constructor'];
    for (const path of paths) assert.equal((await app.request(path)).status, 404, path);
  });

  test('does not send a file again that has not changed', async () => {
    const first = await app.request('/docs/swagger-ui.css');
    const etag = first.headers.get('etag') ?? '';
    const second = await app.request('/docs/swagger-ui.css', { headers: { 'if-none-match': etag } });
    assert.deepEqual([second.status, await second.text()], [304, '']);
  });

  test('is behind keys with everything else', async () => {
    const guarded = testServer({ flags: { apiKeys: 'secret' } }).app;
    for (const path of ['/docs', '/docs/swagger-ui.css', '/openapi.json']) {
      assert.equal((await guarded.request(path)).status, 401, path);
      const headers = { authorization: 'Bearer secret' };
      assert.equal((await guarded.request(path, { headers })).status, 200, path);
    }
  });
});
