import assert from 'node:assert/strict'
import test from 'node:test'
import { fromForwardedHeaders, fromOriginalUrl, fromOwnPath, type UnclearReason } from './forwarded.ts'

const reader = (headers: Record<string, string>) => (name: string) => headers[name]

const original: ReadonlyArray<[url: string, host: string, target: string]> = [
  ['http://app.example/', 'app.example', '/'],
  ['https://App.Example.:443/a?b=c', 'app.example', '/a?b=c'],
  ['http://app.example:8080/x?y=http://z/', 'app.example:8080', '/x?y=http://z/'],
  ['http://app.example', 'app.example', '/'],
]
for (const [url, host, target] of original)
  test(`${url} is understood`, () =>
    assert.deepEqual(fromOriginalUrl(reader({ 'x-original-url': url })), { host, target }))

const malformed: ReadonlyArray<[url: string, reason: UnclearReason]> = [
  ['', 'malformed-url'],
  ['http://[::1', 'malformed-host'],
  ['http:// app/', 'malformed-url'],
  ['http://a b/', 'malformed-url'],
  ['//app/', 'malformed-url'],
  ['/path', 'malformed-url'],
  ['ftp://app/', 'malformed-url'],
  ['http://app\\evil/', 'malformed-url'],
  ['http://user@app/', 'malformed-url'],
  ['http://app/\u0000', 'malformed-target'],
  ['http://app/a b', 'malformed-target'],
  ['http:///x', 'malformed-url'],
  ['http://app//x', 'malformed-target'],
  ['javascript:alert(1)', 'malformed-url'],
  ['http://a,b/', 'malformed-host'],
  ['http://app:99999/', 'malformed-host'],
  ['http://app:0/', 'malformed-host'],
]
for (const [url, unclear] of malformed)
  test(`PX-04: ${JSON.stringify(url)} is not: ${unclear}`, () =>
    assert.deepEqual(fromOriginalUrl(reader({ 'x-original-url': url })), { unclear }))

test('PX-04: nginx that sends no URL says nothing', () =>
  assert.deepEqual(fromOriginalUrl(reader({})), { unclear: 'missing-header' }))

const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'app.example', 'x-forwarded-uri': '/a?b' }
test('the headers of Traefik and Caddy are understood', () =>
  assert.deepEqual(fromForwardedHeaders(reader(forwarded)), { host: 'app.example', target: '/a?b' }))

const without = (name: string) => Object.fromEntries(Object.entries(forwarded).filter(([each]) => each !== name))
const wrong: ReadonlyArray<[what: string, headers: Record<string, string>, reason: UnclearReason]> = [
  ['no scheme', without('x-forwarded-proto'), 'missing-header'],
  ['no host', without('x-forwarded-host'), 'missing-header'],
  ['no URI', without('x-forwarded-uri'), 'missing-header'],
  ['two schemes', { ...forwarded, 'x-forwarded-proto': '' }, 'malformed-scheme'],
  ['another scheme', { ...forwarded, 'x-forwarded-proto': 'ws' }, 'malformed-scheme'],
  ['two hosts', { ...forwarded, 'x-forwarded-host': 'a.example, b.example' }, 'malformed-host'],
  ['an absolute URI', { ...forwarded, 'x-forwarded-uri': 'http://evil/' }, 'malformed-target'],
  ['two slashes', { ...forwarded, 'x-forwarded-uri': '//evil/' }, 'malformed-target'],
  [
    'PX-03: a URL that says something else',
    { ...forwarded, 'x-original-url': 'https://app.example/other' },
    'contradicting-headers',
  ],
]
for (const [what, headers, unclear] of wrong)
  test(`PX-04: ${what} is refused: ${unclear}`, () =>
    assert.deepEqual(fromForwardedHeaders(reader(headers)), { unclear }))

const ENDPOINT = '/auth/envoy'
const own: ReadonlyArray<[url: string, target: string | undefined]> = [
  ['/auth/envoy', '/'],
  ['/auth/envoy/', '/'],
  ['/auth/envoy?a=b', '/?a=b'],
  ['/auth/envoy/a?b=http://z/', '/a?b=http://z/'],
  ['/auth/envoy//evil/', undefined],
  ['/auth/envoy/a\\b', undefined],
  ['/auth/envoy/a#b\u0000', undefined],
]
for (const [url, target] of own)
  test(`Envoy: ${JSON.stringify(url)} asks about ${target}`, () =>
    assert.deepEqual(
      fromOwnPath(reader({ host: 'App.example:80' }), url, ENDPOINT),
      target === undefined ? { unclear: 'malformed-target' } : { host: 'app.example', target },
    ))
for (const host of ['', 'a, b', 'a b', 'user@a', 'a/b'])
  test(`PX-04: Envoy: "${host}" is no host`, () =>
    assert.deepEqual(fromOwnPath(reader({ host }), `${ENDPOINT}/`, ENDPOINT), { unclear: 'malformed-host' }))

/** What each proxy asks with when it is about `http://app.example/a`. */
const asking: ReadonlyArray<[proxy: string, ask: (headers: Record<string, string>) => unknown]> = [
  ['nginx', (headers) => fromOriginalUrl(reader({ 'x-original-url': 'http://app.example/a', ...headers }))],
  [
    'Traefik and Caddy',
    (headers) =>
      fromForwardedHeaders(
        reader({
          'x-forwarded-proto': 'http',
          'x-forwarded-host': 'app.example',
          'x-forwarded-uri': '/a',
          ...headers,
        }),
      ),
  ],
  ['Envoy', (headers) => fromOwnPath(reader({ host: 'app.example', ...headers }), `${ENDPOINT}/a`, ENDPOINT)],
]
const others: ReadonlyArray<[header: string, agreeing: string, disagreeing: string]> = [
  ['x-original-url', 'http://APP.example/a', 'http://app.example/b'],
  ['x-original-uri', '/a', '/outpost.goauthentik.io/x'],
  ['x-forwarded-host', 'App.Example.', 'other.example'],
  ['x-forwarded-uri', '/a', '/b'],
]
for (const [proxy, ask] of asking)
  for (const [header, agreeing, disagreeing] of others) {
    test(`${proxy}: ${header} may say the same`, () =>
      assert.deepEqual(ask({ [header]: agreeing }), { host: 'app.example', target: '/a' }))
    const isItsOwn = proxy !== 'nginx' && proxy !== 'Envoy' && header.startsWith('x-forwarded')
    if (!isItsOwn && !(proxy === 'nginx' && header === 'x-original-url'))
      test(`PX-03: ${proxy}: ${header} may not say something else`, () =>
        assert.deepEqual(ask({ [header]: disagreeing }), { unclear: 'contradicting-headers' }))
  }
