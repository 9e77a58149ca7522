import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeploymentRecord } from '#schema/deployment/status.ts'
import { makePki, type Pki } from '#test/support/certificates.ts'
import { startCore } from '#test/support/core.ts'
import { startDocker } from '#test/support/engines/docker.ts'
import { freePorts, temporaryFolder, until } from '#test/support/engines/process.ts'
import { hasTool } from '#test/support/engines/tools.ts'
import { startTestController } from '#test/support/test-controller.ts'
import { importTinyImage } from '#test/support/tiny-image.ts'

const command = 'trap "exit 0" TERM; while true; do sleep 1 & wait; done'
const REFUSED = /Docker does not answer \(.*(?:CERTIFICATE|UNKNOWN_CA|ECONNRESET)/

test('CT-05: a controller that runs uses a connection as it is by now', async (t) => {
  for (const [tool, debian] of [
    ['dockerd', 'docker.io'],
    ['busybox', 'busybox-static'],
    ['openssl', 'openssl'],
  ] as const)
    if (!(await hasTool(t, tool, debian))) return
  using ours = temporaryFolder('docker-pki')
  using theirs = temporaryFolder('other-pki')
  const pki = makePki(ours.path)
  const stranger = makePki(theirs.path)
  const [port, nobodys] = await freePorts(2)
  const tls = ['--tlsverify', '--tlscacert', pki.ca, '--tlscert', pki.server.cert, '--tlskey', pki.server.key]
  const engine = await startDocker(['--host', `tcp://127.0.0.1:${port}`, ...tls])
  if ('impossible' in engine) return t.skip(`no Docker Engine can be started here: ${engine.impossible.slice(-300)}`)
  await using docker = engine
  await importTinyImage(docker, 'tiny:good', { command, health: 'true' })
  await using core = await startCore({ controller: true })

  const write = async (method: 'POST' | 'PATCH', path: string, body: object): Promise<string> => {
    const answer = await core.api(method, path, body)
    assert.ok(answer.status < 300, JSON.stringify(answer.body))
    return answer.body.pk
  }
  const clientOf = ({ client, read }: Pki) => ({ certificate_data: read(client.cert), key_data: read(client.key) })
  const pairs = '/crypto/certificatekeypairs/'
  const ca = await write('POST', pairs, { name: 'authority', certificate_data: pki.read(pki.ca) })
  const own = await write('POST', pairs, { name: 'own', ...clientOf(pki) })
  const foreign = await write('POST', pairs, { name: 'foreign', ...clientOf(stranger) })
  const url = `tcp://127.0.0.1:${port}`
  const right = { name: 'over TLS', url, tls_verification: ca, tls_authentication: own }
  const connection = await write('POST', '/outposts/service_connections/docker/', right)
  const { body } = await core.api('GET', '/outposts/instances/?name__iexact=radius')
  await write('POST', '/outposts/instances/', {
    name: 'x',
    type: 'radius',
    providers: body.results[0].providers,
    service_connection: connection,
    config: { authentik_host: core.url, container_image: 'tiny:good', docker_network: 'none' },
  })

  await using _ = startTestController(core, { kinds: ['docker'] })
  const reaches = async (what: string, is: (record: DeploymentRecord) => boolean) => {
    let record: DeploymentRecord | undefined
    const isSo = async () => {
      const { results } = (await core.api('GET', '/outposts/deployments/')).body
      record = results.find(({ outpost_name: name }: DeploymentRecord) => name === 'x')
      return record !== undefined && is(record)
    }
    await until(what, isSo, { withinMs: 60_000 }).catch((cause) => assert.fail(`${cause}: ${JSON.stringify(record)}`))
  }
  const isReady = () =>
    reaches('it is ready', ({ error, objects }) => error === '' && objects[0]?.condition === 'ready')
  // Well within the minute after which every connection is looked at again.
  const connectionIs = (healthy: boolean) =>
    until(`the connection is ${healthy ? '' : 'not '}healthy`, async () => {
      const { body: state } = await core.api('GET', `/outposts/service_connections/all/${connection}/state/`)
      return state.healthy === healthy && (healthy || /Docker does not answer/.test(state.reason))
    })
  await isReady()
  const id = await docker.docker('inspect', '--format', '{{.Id}}', 'ak-outpost-x')

  const connected = `/outposts/service_connections/docker/${connection}/`
  const rows: ReadonlyArray<[what: string, path: string, wrong: object, right: object, told: RegExp]> = [
    ['another key pair', connected, { tls_authentication: foreign }, { tls_authentication: own }, REFUSED],
    ['the same key pair with another key', `${pairs}${own}/`, clientOf(stranger), clientOf(pki), REFUSED],
    ['another address', connected, { url: `tcp://127.0.0.1:${nobodys}` }, { url }, /ECONNREFUSED/],
  ]
  for (const [what, path, wrong, again, told] of rows)
    await t.test(`${what}: the deployment says what is wrong, and recovers`, async () => {
      await write('PATCH', path, wrong)
      await reaches('it says so', ({ error, objects }) => told.test(error) && objects[0]?.condition !== 'ready')
      await connectionIs(false)
      await write('PATCH', path, again)
      await isReady()
      await connectionIs(true)
      assert.equal(await docker.docker('inspect', '--format', '{{.Id}}', 'ak-outpost-x'), id)
    })
})
