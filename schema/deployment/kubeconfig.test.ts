import assert from 'node:assert/strict'
import test from 'node:test'
import { kubeconfigProblem } from './kubeconfig.ts'

type Part = Readonly<Record<string, unknown>>

interface Parts {
  readonly top?: Part
  readonly cluster?: Part
  readonly user?: Part
  readonly context?: Part
}

const config = ({ top = {}, cluster = {}, user = {}, context = {} }: Parts = {}) => ({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'c', cluster: { server: 'https://10.0.0.1:6443', ...cluster } }],
  users: [{ name: 'u', user: { token: 't', ...user } }],
  contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', ...context } }],
  'current-context': 'x',
  ...top,
})

const accepted: ReadonlyArray<[what: string, parts: Parts]> = [
  ['a token', {}],
  ['certificates inside', { user: { 'client-certificate-data': 'YWJj', 'client-key-data': 'YWJjZA==' } }],
  ['an authority inside', { cluster: { 'certificate-authority-data': 'YWJj', 'tls-server-name': 'k' } }],
  ['impersonation', { user: { as: 'somebody', 'as-groups': ['g'], 'as-uid': '1', 'as-user-extra': { a: ['b'] } } }],
  ['a proxy', { cluster: { 'proxy-url': 'socks5://127.0.0.1:1080' } }],
  ['what clients add', { top: { preferences: {}, extensions: null }, cluster: { extensions: [{ name: 'minikube' }] } }],
  ['empty fields', { user: { exec: null, tokenFile: '', 'client-certificate': '' } }],
  ['a namespace', { context: { namespace: 'n' } }],
]
for (const [what, parts] of accepted)
  test(`a kubeconfig with ${what} is accepted`, () => assert.equal(kubeconfigProblem(config(parts)), undefined))

const twice = [1, 2].map(() => ({ name: 'u', user: { token: 't' } }))
const many = Array.from({ length: 101 }, (_, index) => ({ name: `u${index}`, user: {} }))
const refused: ReadonlyArray<[parts: Parts, named: string]> = [
  [{ user: { exec: { command: 'sh' } } }, 'users[0].user.exec: commands'],
  [{ user: { 'auth-provider': { name: 'gcp' } } }, 'users[0].user.auth-provider: commands'],
  [{ user: { tokenFile: '/etc/passwd' } }, 'users[0].user.tokenFile: files'],
  [{ user: { 'client-certificate': '/c' } }, 'users[0].user.client-certificate: files'],
  [{ user: { 'client-key': '/k' } }, 'users[0].user.client-key: files'],
  [{ cluster: { 'certificate-authority': '/ca' } }, 'clusters[0].cluster.certificate-authority: files'],
  [{ user: { tokenfile: '/etc/passwd' } }, 'users[0].user.tokenfile: this field is not known'],
  [{ user: { constructor: 1 } }, 'users[0].user.constructor: this field is not known'],
  [{ user: { 'a\nb': 1 } }, 'users[0].user."a\\nb": this field is not known'],
  [{ user: { token: 'a\nb' } }, 'users[0].user.token: should be'],
  [{ user: { token: { $env: 'X' } } }, 'users[0].user.token: should be'],
  [{ user: { 'client-key-data': '/etc/ssl/tls.key' } }, 'users[0].user.client-key-data: should be base64'],
  [{ user: { 'as-user-extra': { a: ['b\r\nc: d'] } } }, 'users[0].user.as-user-extra: should be'],
  [{ user: { 'as-groups': 'g' } }, 'users[0].user.as-groups: should be'],
  [{ cluster: { server: 'file:///etc/passwd' } }, 'clusters[0].cluster.server: should be a URL'],
  [{ cluster: { server: 'https://a:b@k' } }, 'clusters[0].cluster.server: should hold no credentials'],
  [{ cluster: { server: '' } }, 'current-context: should lead to a cluster'],
  [{ cluster: { 'insecure-skip-tls-verify': 'false' } }, 'clusters[0].cluster.insecure-skip-tls-verify: should be'],
  [{ context: { user: 'nobody' } }, 'current-context: should lead to a user'],
  [{ context: { cluster: 'none' } }, 'current-context: should lead to a cluster'],
  [{ top: { 'current-context': 'y' } }, 'current-context: should name'],
  [{ top: { 'current-context': undefined } }, 'current-context: should'],
  [{ top: { users: twice } }, 'users[1].name: is there twice'],
  [{ top: { users: many } }, 'users: should have no more than 100'],
  [{ top: { users: { u: {} } } }, 'users: should be a list'],
  [{ top: { users: [null] } }, 'users[0]: should be an object'],
  [{ top: { users: [{ user: {} }] } }, 'users[0].name: should be'],
  [{ top: { users: [{ name: 'u' }] } }, 'users[0].user: should be an object'],
  [{ top: { users: [{ name: 'u', user: {}, exec: {} }] } }, 'users[0].exec: this field is not known'],
  [{ top: { kind: 'Secret' } }, 'kind: should be Config'],
  [{ top: { include: '/other' } }, 'include: this field is not known'],
  [{ user: { token: 'x'.repeat(300_000) } }, 'should be no longer than'],
]
for (const [parts, named] of refused)
  test(`a kubeconfig is refused with "${named}"`, () => {
    const problem = kubeconfigProblem(config(parts))
    assert.equal(problem?.slice(0, named.length), named)
  })

test('a kubeconfig without anything is refused', () => assert.match(String(kubeconfigProblem({})), /^clusters: /))
