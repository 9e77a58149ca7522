import assert from 'node:assert/strict'
import test from 'node:test'
import { fromForwardedHeaders, fromOriginalUrl } from './forwarded.ts'

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

test('PX-03: nginx asks about one host, other headers about another', () =>
  assert.equal(
    fromOriginalUrl(reader({ 'x-original-url': 'http://app.example/', 'x-forwarded-host': 'other.example' })),
    undefined,
  ))
