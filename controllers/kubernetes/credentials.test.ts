import assert from 'node:assert/strict'
import test from 'node:test'
import { ServiceConnectionError } from '#controllers/target/target-error.ts'
import { credentialsOf } from './credentials.ts'

const kubeconfig = ({ cluster = {}, user = {} }: { cluster?: object; user?: object } = {}) => ({
  'current-context': 'x',
  clusters: [
    { name: 'other', cluster: { server: 'https://other' } },
    { name: 'c', cluster: { server: 'https://10.0.0.1:6443/', ...cluster } },
  ],
  users: [{ name: 'u', user: { token: 'a-token', ...user } }],
  contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
})
const connection = (config: unknown, more: object = {}) => ({
  pk: 'p',
  local: false,
  verifySsl: true,
  kubeconfig: config,
  ...more,
})

test("a kubeconfig's current context is taken over, under a name of the connection's own", () => {
  const { config, headers } = credentialsOf(connection(kubeconfig({ user: { as: 'somebody', password: '' } })))
  assert.equal(config.getCurrentCluster()?.server, 'https://10.0.0.1:6443')
  assert.partialDeepStrictEqual(config.getCurrentUser(), {
    name: 'martello-p',
    token: 'a-token',
    impersonateUser: 'somebody',
    password: undefined,
  })
  assert.deepEqual(headers, {})
})

for (const verifySsl of [true, false])
  test(`the connection decides whether certificates are verified (${verifySsl}), not its kubeconfig`, () => {
    const skips = kubeconfig({ cluster: { 'insecure-skip-tls-verify': verifySsl } })
    assert.equal(credentialsOf(connection(skips, { verifySsl })).config.getCurrentCluster()?.skipTLSVerify, !verifySsl)
  })

test('impersonation is carried out whole', () => {
  const as = { as: 'a', 'as-groups': ['g', 'h'], 'as-uid': '1', 'as-user-extra': { 'x/y': ['z'] } }
  assert.deepEqual(credentialsOf(connection(kubeconfig({ user: as }))).headers, {
    'Impersonate-Group': ['g', 'h'],
    'Impersonate-Uid': '1',
    'Impersonate-Extra-x%2Fy': ['z'],
  })
})

const refused: ReadonlyArray<[config: unknown, named: string]> = [
  [kubeconfig({ user: { exec: { command: 'sh' } } }), 'users[0].user.exec'],
  [kubeconfig({ user: { 'auth-provider': { name: 'oidc' } } }), 'users[0].user.auth-provider'],
  [kubeconfig({ user: { tokenFile: '/t' } }), 'users[0].user.tokenFile'],
  [kubeconfig({ user: { 'client-key': '/k' } }), 'users[0].user.client-key'],
  [kubeconfig({ cluster: { 'certificate-authority': '/c' } }), 'clusters[1].cluster.certificate-authority'],
  [kubeconfig({ cluster: { server: 'http://10.0.0.1' } }), 'the server is not https'],
  ['a text', 'should be an object'],
]
for (const [config, named] of refused)
  test(`a kubeconfig is refused by ${named}, and no value is shown`, () =>
    assert.throws(
      () => credentialsOf(connection(config)),
      (error) =>
        error instanceof ServiceConnectionError &&
        error.detail.includes(named) &&
        !error.detail.includes('a-token') &&
        !error.retryable,
    ))

test('outside of a cluster the local cluster cannot be used', () =>
  assert.throws(() => credentialsOf(connection({}, { local: true })), /does not run in a cluster/))
