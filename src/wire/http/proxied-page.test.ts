// Pages and redirects of what lies behind a path, as kube-apiserver shows them.
import { deflateRawSync, gunzipSync, gzipSync, inflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { Headers } from '../contract.ts';
import { createLinkRewriter } from './page-links.ts';
import { forwardedUri, pageBody, pageHeaders, seenFromOutside } from './proxied-page.ts';

const place = { prefix: '/api/v1/namespaces/default/pods/p/proxy', host: '10.0.0.1:8080', requestHost: 'localhost:8001' };

test('URLs of the target go through this server, others stay', () => {
  const seen = (url: string): string => seenFromOutside(url, place);
  for (const [url, told] of [
    ['/a?x=1#y', `${place.prefix}/a?x=1#y`], ['rel/x', 'rel/x'], ['', ''], ['#top', '#top'], ['?q', '?q'], ['mailto:a@b', 'mailto:a@b'], ['http://10.0.0.1:8080/z/', `${place.prefix}/z/`],
    ['//10.0.0.1:8080/q', `${place.prefix}/q`], ['http://other/x', 'http://other/x'], ['http://localhost:8001/w', `http://localhost:8001${place.prefix}/w`], ['/', `${place.prefix}/`],
    [`${place.prefix}/there`, `${place.prefix}/there`], ['/a/../b//c/', `${place.prefix}/b/c/`],
  ]) expect([url, seen(url ?? '')]).toEqual([url, told]);
  expect(forwardedUri(place.prefix, '/headers/a/../b/?q=1')).toBe(`${place.prefix}/headers/b/`);
  expect(pageHeaders({ location: '/login' }, place).location).toBe(`${place.prefix}/login`);
});

const page = '<!DOCTYPE html><HTML><head><base href="/"><script src="/js/a.js">var x = "<a href=\'/no\'>"; if (1 </2) y();</script><title></x><a href="/t"></title></head><body><!-- <a href="/c"> --><a class=x href="/abs?x=1&amp;y=2">A</a><a href=rel>R</a><a href=/bare>B</a>'
  + '<IMG SRC=\'/i.png\' alt="a>b"><a href="http://other/x">o</a>1 < 2 <a><form action="/f"/><p title="/n">\u00e9<a data-href="/d"></body></HTML>';
const rewrittenPage = page.replace('href="/"', `href="${place.prefix}/"`).replace('src="/js', `src="${place.prefix}/js`).replace('"/abs', `"${place.prefix}/abs`).replace('/bare', `"${place.prefix}/bare"`)
  .replace("'/i.png'", `"${place.prefix}/i.png"`).replace('"/f"', `"${place.prefix}/f"`);

async function shown(headers: Headers, body: Buffer, size: number): Promise<Buffer> {
  async function* parts(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < body.length; at += size) yield body.subarray(at, at + size);
  }
  const found: Uint8Array[] = [];
  for await (const chunk of pageBody(headers, parts(), place)) found.push(chunk);
  return Buffer.concat(found);
}

test('links of pages are rewritten wherever the page is cut, and nothing else', async () => {
  const html = { 'content-type': 'text/html; charset=utf-8', 'content-length': '1' };
  for (const size of [1, 2, 3, 7, 64, 10_000]) expect((await shown(html, Buffer.from(page), size)).toString()).toBe(rewrittenPage);
  expect((await shown({ 'content-type': 'text/plain' }, Buffer.from(page), 64)).toString()).toBe(page);
  expect(gunzipSync(await shown({ ...html, 'content-encoding': 'gzip' }, gzipSync(page), 10)).toString()).toBe(rewrittenPage);
  expect(inflateRawSync(await shown({ ...html, 'content-encoding': 'deflate' }, deflateRawSync(page), 10)).toString()).toBe(rewrittenPage);
  expect((await shown({ ...html, 'content-encoding': 'br' }, Buffer.from(page), 10)).toString()).toBe(page);
  expect([pageHeaders(html, place)['content-length'], pageHeaders({ ...html, 'content-encoding': 'br' }, place)['content-length']]).toEqual([undefined, '1']);
  await expect(shown({ ...html, 'content-encoding': 'gzip' }, Buffer.from('no gzip'), 10)).rejects.toThrow('incorrect header check');
});

test('pages without an end of anything take no more than their length in time', () => {
  for (const open of ['<a ', '<a href="', '<!--', '<script>', '<a b=', '<', '<a =']) {
    const rewriter = createLinkRewriter((url) => url);
    let bytes = 0;
    const part = `${open}${'x'.repeat(60_000)}`;
    for (let at = 0; at < 50; at++) bytes += rewriter.push(part).length;
    expect(bytes + rewriter.end().length).toBe(50 * part.length);
  }
});
