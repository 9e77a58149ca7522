import assert from 'node:assert/strict'
import test from 'node:test'
import { type LaunchSources, launchUrlOf, type Visitor } from './launch-url.ts'

const visitor: Visitor = { id: 7, uuid: 'u-u', username: 'a b/c', name: 'Ä', email: 'a@b.test' }

const launches: ReadonlyArray<[what: string, sources: Partial<LaunchSources>, url: string | undefined]> = [
  ['its own setting', { metaLaunchUrl: 'https://a.test/x', externalHost: 'https://b.test' }, 'https://a.test/x'],
  [
    'nothing, if its setting is a script',
    { metaLaunchUrl: 'javascript:alert(1)', externalHost: 'https://b.test' },
    undefined,
  ],
  ['nothing, if its setting hides one', { metaLaunchUrl: ' java\nscript:alert(1)' }, undefined],
  ['nothing, if its setting hides the application', { metaLaunchUrl: 'blank://blank' }, undefined],
  ['its proxy', { externalHost: 'https://b.test' }, 'https://b.test/'],
  ['nothing, if its proxy has no web address', { externalHost: 'b.test' }, undefined],
  ['the first redirect URI', { redirectUris: 'https://c.test/cb?x=1\nhttps://d.test' }, 'https://c.test/'],
  ['nothing, if the redirect URI is of an app', { redirectUris: 'com.example:/cb' }, undefined],
  ['nothing, if the redirect URI is a script', { redirectUris: 'javascript:alert(1)' }, undefined],
  ['nothing', {}, undefined],
]
for (const [what, sources, url] of launches)
  test(`API-17: an application is launched by ${what}`, () =>
    assert.equal(launchUrlOf({ metaLaunchUrl: '', externalHost: null, redirectUris: null, ...sources }, visitor), url))

const variables: ReadonlyArray<[text: string, url: string | undefined]> = [
  ['https://a.test/%(pk)s/%(uuid)s', 'https://a.test/7/u-u'],
  ['https://a.test/%(username)s?n=%(name)s', 'https://a.test/a%20b%2Fc?n=%C3%84'],
  ['https://a.test/#%(email)s', 'https://a.test/#a%40b.test'],
  [
    'https://a.test/%(password)s%(constructor)s%(__proto__)s',
    'https://a.test/%(password)s%(constructor)s%(__proto__)s',
  ],
  ['https://a.test/%(attributes.secret)s', 'https://a.test/%(attributes.secret)s'],
  ['%(username)s:alert(1)', undefined],
  ['https://%(username)s/', undefined],
]
for (const [metaLaunchUrl, url] of variables)
  test(`API-18: ${metaLaunchUrl} leads to ${url}`, () =>
    assert.equal(launchUrlOf({ metaLaunchUrl, externalHost: null, redirectUris: null }, visitor), url))

test('API-18: variables about nobody stay as they are', () => {
  const sources = { metaLaunchUrl: 'https://a.test/%(username)s', externalHost: null, redirectUris: null }
  assert.equal(launchUrlOf(sources, undefined), 'https://a.test/%(username)s')
})
