import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authorizeParameters, withoutLogin } from './authorize-parameters.ts'

const passed: ReadonlyArray<[given: string, seen: string]> = [
  ['scope=openid&state=x', 'scope=openid&state=x'],
  ['state=x', 'state=x&scope=openid+email'],
  ['scope=&state=x', 'scope=openid+email&state=x'],
  ['scope=openid+offline_access', 'scope=openid+offline_access&prompt=consent'],
  ['scope=openid+offline_access&prompt=none', 'scope=openid+offline_access&prompt=none'],
  ['scope=openid&scope=email', 'scope=openid&scope=email'],
]
for (const [given, seen] of passed)
  test(`${given} is seen as ${seen}`, () =>
    assert.equal(String(authorizeParameters(new URLSearchParams(given), ['email', 'openid'])), seen))

for (const given of [`state=${'x'.repeat(5000)}`, 'state=a%00b', 'nonce=a%0d%0aSet-Cookie:x', 'x%0a=1', 'state=%7f'])
  test(`${given.slice(0, 30)} is refused`, () =>
    assert.ok('problem' in authorizeParameters(new URLSearchParams(given), [])))

const after: ReadonlyArray<[given: string, then: string]> = [
  ['prompt=login&state=x', 'state=x'],
  ['prompt=login+consent', 'prompt=consent'],
  ['max_age=0', 'max_age=60'],
  ['max_age=3600', 'max_age=3600'],
  ['state=x', 'state=x'],
]
for (const [given, then] of after)
  test(`after the sign-in, ${given} is ${then}`, () =>
    assert.equal(String(withoutLogin(new URLSearchParams(given))), then))
