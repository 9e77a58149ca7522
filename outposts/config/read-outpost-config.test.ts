import assert from 'node:assert/strict'
import test from 'node:test'
import { ConfigError } from '#schema/kernel/errors.ts'
import { readOutpostConfig } from './read-outpost-config.ts'

const known = { MARTELLO_HOST: 'https://auth.example.com/sub/', MARTELLO_TOKEN: 'token' }
const read = (env: Record<string, string>) =>
  readOutpostConfig({ env: { ...known, ...env }, readFile: () => undefined })

test('with a core and a token everything listens on loopback, and private networks are believed', () => {
  const { config, warnings } = read({})
  assert.equal(config.host.href, known.MARTELLO_HOST)
  assert.equal(config.token.reveal(), 'token')
  assert.ok(Object.values(config.listen).every(({ host }) => host === '127.0.0.1'))
  assert.ok(config.trustedProxyCidrs.includes('127.0.0.0/8'))
  assert.deepEqual(warnings, [])
})

test('compat: an empty address for browsers is none, as a deployment of an outpost sets it', () => {
  assert.equal(read({ AUTHENTIK_HOST_BROWSER: '' }).config.hostBrowser, undefined)
  const other = 'https://login.example.com/'
  assert.equal(read({ AUTHENTIK_HOST_BROWSER: other }).config.hostBrowser?.href, other)
})

test('trusted proxies are networks and addresses', () => {
  const { config } = read({ AUTHENTIK_LISTEN__TRUSTED_PROXY_CIDRS: '192.0.2.0/24, 2001:db8::1' })
  assert.deepEqual(config.trustedProxyCidrs, ['192.0.2.0/24', '2001:db8::1'])
})

test('what a deployment leaves empty is as if it were not there', () => {
  const { config } = read({ AUTHENTIK_HOST_BROWSER: '', AUTHENTIK_INSECURE: 'False' })
  assert.equal(config.hostBrowser, undefined)
  assert.equal(config.insecure, false)
})

const problems: ReadonlyArray<[what: string, env: Record<string, string>, named: readonly string[]]> = [
  [
    'a network that is none',
    { MARTELLO_LISTEN__TRUSTED_PROXY_CIDRS: '192.0.2.0/24,10.0.0.0/33,proxy.example' },
    [
      'MARTELLO_LISTEN__TRUSTED_PROXY_CIDRS: 10.0.0.0/33 is not a network such as 192.0.2.0/24',
      'MARTELLO_LISTEN__TRUSTED_PROXY_CIDRS: proxy.example is not a network such as 192.0.2.0/24',
    ],
  ],
  ['an empty address of the core', { MARTELLO_HOST: '' }, ['MARTELLO_HOST is required']],
  [
    'an address for browsers that is none',
    { MARTELLO_HOST_BROWSER: 'auth' },
    ['MARTELLO_HOST_BROWSER is not an http or https URL'],
  ],
  ['no token', { MARTELLO_TOKEN: '' }, ['MARTELLO_TOKEN is required']],
]
for (const [what, env, named] of problems)
  test(`${what} stops the start`, () =>
    assert.throws(
      () => read(env),
      (error) => {
        assert.ok(error instanceof ConfigError)
        assert.deepEqual(error.problems, named)
        return true
      },
    ))
