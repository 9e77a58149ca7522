import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPostLogoutRedirect, redirectUriProblem, redirectUris, webOrigins } from './redirect-uris.ts'

test('the setting is a list of lines; what cannot be a target is left out', () =>
  assert.deepEqual(
    redirectUris(' https://a/cb \r\n\nhttps://a/cb\ncom.example.app:/cb\njavascript:alert(1)\n*\n.*\nhttps://b/#x'),
    ['https://a/cb', 'com.example.app:/cb'],
  ))

const refused = [
  'javascript:alert(1)',
  'JavaScript:alert(1)',
  'data:text/html,x',
  'vbscript:x',
  'https://a/cb#fragment',
  'https://a/cb#',
  'https://user@a/cb',
  'https://a/c b',
  'https:\\\\a/cb',
  '/relative',
  '',
]
for (const uri of refused)
  test(`${JSON.stringify(uri)} is no redirect URI`, () => assert.notEqual(redirectUriProblem(uri), undefined))

test('origins are of web addresses only', () =>
  assert.deepEqual([...webOrigins(['https://a:8443/cb', 'http://b/', 'com.app:/cb'])], ['https://a:8443', 'http://b']))

const registered = ['https://rp.example.com/callback', 'com.app:/cb']
const logouts: ReadonlyArray<[url: string, allowed: boolean]> = [
  ['https://rp.example.com/', true],
  ['https://rp.example.com/bye?x=1', true],
  ['https://rp.example.com:443/', true],
  ['https://rp.example.com.evil.example/', false],
  ['https://rp.example.com@evil.example/', false],
  ['http://rp.example.com/', false],
  ['https://rp.example.com:444/', false],
  ['//rp.example.com/', false],
  ['com.app:/cb', false],
  ['javascript:alert(1)', false],
]
for (const [url, allowed] of logouts)
  test(`after a logout to ${url}: ${allowed}`, () => assert.equal(isPostLogoutRedirect(url, registered), allowed))
