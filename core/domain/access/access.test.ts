import assert from 'node:assert/strict'
import test from 'node:test'
import { activeStatus } from './active.ts'
import { type LaunchSources, launchUrlOf } from './launch-url.ts'

test('who is deactivated is told from who is not, with the reason', () => {
  assert.deepEqual(activeStatus({ isActive: true }), { kind: 'active' })
  assert.deepEqual(activeStatus({ isActive: false }), { kind: 'inactive', reason: 'the user is deactivated' })
})

const launches: ReadonlyArray<[what: string, sources: Partial<LaunchSources>, url: string | undefined]> = [
  [
    'its own setting',
    { metaLaunchUrl: 'https://a.example/x', externalHost: 'https://b.example' },
    'https://a.example/x',
  ],
  [
    'a setting that is no web address',
    { metaLaunchUrl: 'javascript:alert(1)', externalHost: 'https://b.example' },
    undefined,
  ],
  ['its proxy', { externalHost: 'https://b.example' }, 'https://b.example/'],
  ['a proxy without an address', { externalHost: 'b.example' }, undefined],
  ['the first redirect URI', { redirectUris: 'https://c.example/cb?x=1\nhttps://d.example' }, 'https://c.example/'],
  ['a redirect URI of an app', { redirectUris: 'com.example:/cb' }, undefined],
  ['nothing', {}, undefined],
]
for (const [what, sources, url] of launches)
  test(`an application is launched by ${what}`, () =>
    assert.equal(launchUrlOf({ metaLaunchUrl: '', externalHost: null, redirectUris: null, ...sources }), url))
