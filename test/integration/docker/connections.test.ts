import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DockerCredentials, dockerAgent } from '#controllers/docker/connect.ts'
import { DockerTarget } from '#controllers/docker/docker-target.ts'
import { EngineApi } from '#controllers/docker/engine-api.ts'
import { makePki } from '#test/support/certificates.ts'
import { startDocker } from '#test/support/engines/docker.ts'
import { freePort, temporaryFolder } from '#test/support/engines/process.ts'
import { startSshd } from '#test/support/engines/sshd.ts'
import { hasTool } from '#test/support/engines/tools.ts'

async function probe(credentials: Omit<DockerCredentials, 'local'>) {
  const api = new EngineApi(dockerAgent({ ...credentials, local: false }, {}))
  await using target = new DockerTarget({ api, clock: { now: () => Date.now() }, random: Math.random })
  return await target.probe(new AbortController().signal)
}

const refused: ReadonlyArray<[what: string, credentials: Omit<DockerCredentials, 'local'>, problem: RegExp]> = [
  ['a scheme of something else', { url: 'ftp://docker' }, /ftp:/],
  ['no address', { url: 'docker' }, /no.* address|not an address/],
  ['another machine without TLS', { url: 'tcp://192.0.2.1:2375' }, /TLS/],
  ['SSH without the host key', { url: 'ssh://root@192.0.2.1', key: 'x' }, /ssh_host_key/],
  [
    'SSH with half a host key',
    { url: 'ssh://root@192.0.2.1', key: 'x', sshHostKey: 'ssh-ed25519 AAAA' },
    /ssh_host_key/,
  ],
]
for (const [what, credentials, problem] of refused)
  test(`a service connection with ${what} is refused`, () => assert.rejects(probe(credentials), problem))

test('the Engine API over TLS and over SSH: only with the right certificates and keys', async (t) => {
  for (const [tool, debian] of [
    ['dockerd', 'docker.io'],
    ['openssl', 'openssl'],
    ['/usr/sbin/sshd', 'openssh-server'],
  ] as const)
    if (!(await hasTool(t, tool, debian))) return
  using folder = temporaryFolder('docker-pki')
  const pki = makePki(folder.path)
  const other = temporaryFolder('other-pki')
  using _ = other
  const stranger = makePki(other.path)
  const port = await freePort()
  const { ca, server } = pki
  const tls = ['--tlsverify', '--tlscacert', ca, '--tlscert', server.cert, '--tlskey', server.key]
  const engine = await startDocker(['--host', `tcp://127.0.0.1:${port}`, ...tls])
  if ('impossible' in engine) return t.skip(`no Docker Engine can be started here: ${engine.impossible.slice(-300)}`)
  await using docker = engine
  await using sshd = await startSshd()

  const overTls = {
    url: `tcp://127.0.0.1:${port}`,
    ca: pki.read(ca),
    certificate: pki.read(pki.client.cert),
    key: pki.read(pki.client.key),
  }
  const socket = docker.url.replace('unix://', '')
  const overSsh = { url: `ssh://${sshd.user}@127.0.0.1:${sshd.port}${socket}`, key: sshd.key, sshHostKey: sshd.hostKey }
  const foreign = { certificate: stranger.read(stranger.client.cert), key: stranger.read(stranger.client.key) }
  const { expired } = pki
  const ofYesterday = { certificate: pki.read(expired.client.cert), key: pki.read(expired.client.key) }
  await using otherHost = await startSshd()
  const rows: ReadonlyArray<[what: string, credentials: Omit<DockerCredentials, 'local'>, reason: RegExp]> = [
    ['TLS', overTls, /^$/],
    ['TLS without a certificate', { url: overTls.url, ca: overTls.ca }, /CERTIFICATE|ECONNRESET/],
    ["TLS with somebody else's certificate", { ...overTls, ...foreign }, /CERTIFICATE|UNKNOWN_CA|ECONNRESET/],
    ['TLS with a certificate that has expired', { ...overTls, ...ofYesterday }, /expired/i],
    [
      "TLS with somebody else's authority",
      { ...overTls, ca: stranger.read(stranger.ca) },
      /SIGNATURE|VERIFY|ISSUER|SELF_SIGNED/,
    ],
    ['SSH', overSsh, /^$/],
    ["SSH with another host's key", { ...overSsh, sshHostKey: otherHost.hostKey }, /[Hh]ost denied|[Hh]andshake/],
    ["SSH with somebody else's key", { ...overSsh, key: otherHost.key }, /authentication methods failed/],
  ]
  for (const [what, credentials, reason] of rows)
    await t.test(`${what}: ${reason}`, async () => {
      const state = await probe(credentials)
      assert.match(state.reason, reason)
      assert.equal(state.healthy, state.reason === '')
      assert.equal(state.version !== '', state.healthy)
    })
})

test('CT-16: a daemon whose certificate has expired', async (t) => {
  for (const [tool, debian] of [
    ['dockerd', 'docker.io'],
    ['openssl', 'openssl'],
  ] as const)
    if (!(await hasTool(t, tool, debian))) return
  using folder = temporaryFolder('docker-pki')
  const { ca, client, expired, read } = makePki(folder.path)
  const port = await freePort()
  const { cert, key } = expired.server
  const tls = ['--tlsverify', '--tlscacert', ca, '--tlscert', cert, '--tlskey', key]
  const engine = await startDocker(['--host', `tcp://127.0.0.1:${port}`, ...tls])
  if ('impossible' in engine) return t.skip(`no Docker Engine can be started here: ${engine.impossible.slice(-300)}`)
  await using _ = engine
  const own = { ca: read(ca), certificate: read(client.cert), key: read(client.key) }
  const { healthy, reason } = await probe({ url: `tcp://127.0.0.1:${port}`, ...own })
  assert.equal(healthy, false)
  assert.match(reason, /expired/i)
})
