import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { ADMIN_TOKEN, RADIUS_SECRET, SAMPLE_PASSWORD } from '#test/support/core.ts'
import { Curl } from '#test/support/curl.ts'
import { type DockerFleet, hasDocker, startDockerFleet } from '#test/support/docker-fleet.ts'
import { databaseFolder, freePorts, until } from '#test/support/engines/process.ts'
import { hasTool, run } from '#test/support/engines/tools.ts'
import { buildImages } from '#test/support/images.ts'
import { ldapNames, ldapWhoAmI } from '#test/support/ldap-tools.ts'
import { papAttributes, radclient } from '#test/support/radclient.ts'

const COMMAND = join(import.meta.dirname, '..', '..', 'controllers', 'commands', 'martello.mjs')
const IMAGE = 'martello-outpost:of-the-tests'
const INVALID_CREDENTIALS = 49
const TYPES = ['proxy', 'ldap', 'radius'] as const

const data = databaseFolder('docker-fleet')
let fleet: DockerFleet
let impossible: string | undefined
let ports: readonly number[]
const pks: Record<string, string> = {}
before(async () => {
  const started = await startDockerFleet({ dataDir: data.path })
  if ('impossible' in started) {
    impossible = started.impossible
    return
  }
  fleet = started
  await buildImages(fleet.docker, ['outpost'])
  await letNetworkBeAsked()
  ports = await freePorts(5)
})
after(async () => {
  await fleet?.[Symbol.asyncDispose]()
  data[Symbol.dispose]()
})

/** What comes through a mapped port comes from the bridge, not from loopback. */
async function letNetworkBeAsked(): Promise<void> {
  const { api } = fleet.core()
  const { body } = await api('GET', '/providers/radius/?name=network')
  const answer = await api('PATCH', `/providers/radius/${body.results[0].pk}/`, { client_networks: '0.0.0.0/0' })
  assert.equal(answer.status, 200)
}

const on = (index: number) => `127.0.0.1:${ports[index]}`
const bindings = () => ({
  proxy: { '9000/tcp': on(0), '9443/tcp': on(1) },
  ldap: { '3389/tcp': on(2), '6636/tcp': on(3) },
  radius: { '1812/udp': on(4) },
})
const linked = async (pk: string): Promise<readonly unknown[]> =>
  (await fleet.core().api('GET', `/outposts/instances/${pk}/health/`)).body

/** Every test goes on where the one before it ended. */
suite('outposts on Docker', () => {
  test('outposts of all types become ready, and are linked', async (t) => {
    if (!(await hasDocker(t, impossible))) return
    for (const type of TYPES) {
      const settings = { container_image: IMAGE, docker_port_bindings: bindings()[type] }
      pks[type] = await fleet.newOutpost(`docker-${type}`, type, settings)
    }
    await using _ = fleet.startController()
    for (const type of TYPES) {
      await fleet.isReady(`docker-${type}`)
      await until(`${type} is linked`, async () => (await linked(pks[type]!)).length === 1)
    }
  })

  test('the directory answers through its port', async (t) => {
    if (!(await hasDocker(t, impossible)) || !(await hasTool(t, 'ldapsearch', 'ldap-utils'))) return
    const demo = { url: `ldap://${on(2)}`, user: 'demo', password: SAMPLE_PASSWORD }
    assert.deepEqual(await ldapNames(demo, '(objectClass=user)'), ['demo'])
    assert.equal((await ldapWhoAmI({ ...demo, url: `ldaps://${on(3)}` })).code, 0)
    assert.equal((await ldapWhoAmI({ ...demo, password: 'wrong' })).code, INVALID_CREDENTIALS)
  })

  test('the network access server is answered through its port', async (t) => {
    if (!(await hasDocker(t, impossible)) || !(await hasTool(t, 'radclient', 'freeradius-utils'))) return
    const ask = (password: string) =>
      radclient({ port: ports[4]!, secret: RADIUS_SECRET, attributes: papAttributes('demo', password) })
    const right = await ask(SAMPLE_PASSWORD)
    assert.equal(right.kind, 'Access-Accept', right.text)
    assert.equal((await ask('wrong')).kind, 'Access-Reject')
  })

  test('forward-auth answers through its port', async (t) => {
    if (!(await hasDocker(t, impossible)) || !(await hasTool(t, 'curl', 'curl'))) return
    using curl = new Curl(['--max-redirs', '0'])
    assert.equal((await curl.open(`http://${on(0)}/outpost.goauthentik.io/ping`)).status, 204)
    const uri = [
      '-H',
      'X-Forwarded-Host: forward.localhost:8080',
      '-H',
      'X-Forwarded-Proto: http',
      '-H',
      'X-Original-URL: http://forward.localhost:8080/',
    ]
    assert.equal((await curl.open(`http://${on(0)}/outpost.goauthentik.io/auth/nginx`, uri)).status, 401)
  })

  test('CT-10: a second pass writes nothing', async (t) => {
    if (!(await hasDocker(t, impossible))) return
    const before = await Promise.all(TYPES.map((type) => fleet.recordOf(`docker-${type}`)))
    assert.deepEqual(await fleet.pass(), [])
    assert.deepEqual(await Promise.all(TYPES.map((type) => fleet.recordOf(`docker-${type}`))), before)
  })

  test('CT-15: a container runs as nobody in particular, and cannot change itself', async (t) => {
    if (!(await hasDocker(t, impossible))) return
    const shown = '{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}}'
    for (const type of TYPES)
      assert.equal(await fleet.inspect(`ak-outpost-docker-${type}`, shown), '1000:1000 true [ALL]')
  })

  test('a Compose file makes the same container by hand, and nobody else has to', async (t) => {
    if (!(await hasDocker(t, impossible)) || !(await hasTool(t, 'ldapsearch', 'ldap-utils'))) return
    if (!(await hasTool(t, 'docker-compose', 'docker-compose'))) return
    const [plain, tls] = await freePorts(2)
    const pk = await fleet.newOutpost('by-hand', 'ldap', {
      container_image: IMAGE,
      docker_port_bindings: { '3389/tcp': `127.0.0.1:${plain}`, '6636/tcp': `127.0.0.1:${tls}` },
    })
    const { api, url } = fleet.core()
    await api('PATCH', `/outposts/instances/${pk}/`, { service_connection: null })
    const env = { MARTELLO_HOST: url, MARTELLO_TOKEN: ADMIN_TOKEN }
    const printed = await run(
      process.execPath,
      [COMMAND, 'manifests', 'outpost', '--name', 'by-hand', '--kind', 'compose'],
      { env },
    )
    assert.equal(printed.code, 0, printed.text)
    const compose = async (...args: string[]) => {
      const { code, text } = await run(
        'docker-compose',
        ['--host', fleet.docker.url, '--project-name', 'by-hand', '--file', '-', ...args],
        { input: printed.text, withinMs: 60_000 },
      )
      assert.equal(code, 0, text)
    }
    await compose('up', '--detach')
    await until(
      'by-hand is healthy',
      async () => (await fleet.inspect('ak-outpost-by-hand', '{{.State.Health.Status}}')) === 'healthy',
      { withinMs: 90_000 },
    )
    assert.equal((await linked(pk)).length, 1)
    const demo = { url: `ldap://127.0.0.1:${plain}`, user: 'demo', password: SAMPLE_PASSWORD }
    assert.deepEqual(await ldapNames(demo, '(objectClass=user)'), ['demo'])
    const limits =
      '{{json .HostConfig.PortBindings}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.Memory}} {{.HostConfig.NetworkMode}} {{.HostConfig.RestartPolicy.Name}} {{.HostConfig.SecurityOpt}} {{.HostConfig.Tmpfs}}'
    const [mine, theirs] = await Promise.all(
      ['by-hand', 'docker-ldap'].map((name) => fleet.inspect(`ak-outpost-${name}`, limits)),
    )
    const ports = new Map([
      [String(plain), on(2).split(':')[1]!],
      [String(tls), on(3).split(':')[1]!],
    ])
    assert.equal(
      mine!.replaceAll(/(?<="HostPort":")\d+/g, (port) => ports.get(port) ?? port),
      theirs,
    )
    await compose('down')
    assert.ok(!(await fleet.containers()).includes('ak-outpost-by-hand'))
  })

  test('another name moves the container, another connection and deletion remove it', async (t) => {
    if (!(await hasDocker(t, impossible))) return
    const { api } = fleet.core()
    await using _ = fleet.startController()
    await api('PATCH', `/outposts/instances/${pks['ldap']}/`, { name: 'moved' })
    await fleet.isReady('moved')
    await api('PATCH', `/outposts/instances/${pks['radius']}/`, { service_connection: null })
    await api('DELETE', `/outposts/instances/${pks['proxy']}/`)
    await until('what is not wanted is gone', async () => (await fleet.containers()).join() === 'ak-outpost-moved', {
      withinMs: 60_000,
    })
    for (const name of ['docker-radius', 'docker-proxy'])
      await until(`${name} is forgotten`, async () => (await fleet.recordOf(name)) === undefined)
  })
})
