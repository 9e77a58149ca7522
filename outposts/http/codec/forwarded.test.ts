import assert from 'node:assert/strict'
import test from 'node:test'
import { fromForwardedHeaders, fromOriginalUrl, fromOwnPath } from './forwarded.ts'

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

const malformed = [
  '',
  'http://[::1',
  'http:// app/',
  'http://a b/',
  '//app/',
  '/path',
  'ftp://app/',
  'http://app\\evil/',
  'http://user@app/',
  'http://app/\u0000',
  'http://app/a b',
  'http:///x',
  'http://app//x',
  'javascript:alert(1)',
  'http://a,b/',
  'http://app:99999/',
  'http://app:0/',
]
for (const url of malformed)
  test(`PX-04: ${JSON.stringify(url)} is not`, () => {
    const asked = fromOriginalUrl(reader({ 'x-original-url': url }))
    assert.equal(asked, undefined)
  })

const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'app.example', 'x-forwarded-uri': '/a?b' }
test('the headers of Traefik and Caddy are understood', () =>
  assert.deepEqual(fromForwardedHeaders(reader(forwarded)), { host: 'app.example', target: '/a?b' }))

const wrong: ReadonlyArray<[what: string, headers: Record<string, string>]> = [
  ['no scheme', { ...forwarded, 'x-forwarded-proto': '' }],
  ['another scheme', { ...forwarded, 'x-forwarded-proto': 'ws' }],
  ['two hosts', { ...forwarded, 'x-forwarded-host': 'a.example, b.example' }],
  ['an absolute URI', { ...forwarded, 'x-forwarded-uri': 'http://evil/' }],
  ['two slashes', { ...forwarded, 'x-forwarded-uri': '//evil/' }],
  ['PX-03: a URL that says something else', { ...forwarded, 'x-original-url': 'https://app.example/other' }],
]
for (const [what, headers] of wrong)
  test(`PX-04: ${what} is refused`, () => assert.equal(fromForwardedHeaders(reader(headers)), undefined))

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
      target === undefined ? undefined : { host: 'app.example', target },
    ))
for (const host of ['', 'a, b', 'a b', 'user@a', 'a/b'])
  test(`PX-04: Envoy: "${host}" is no host`, () =>
    assert.equal(fromOwnPath(reader({ host }), `${ENDPOINT}/`, ENDPOINT), undefined))

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
        assert.equal(ask({ [header]: disagreeing }), undefined))
  }
