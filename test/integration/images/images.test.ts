import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startDocker } from '#test/support/engines/docker.ts'
import { freePort, temporaryFolder, until } from '#test/support/engines/process.ts'
import { hasTool } from '#test/support/engines/tools.ts'
import { buildImages } from '#test/support/images.ts'
import { tokenOf } from '#test/support/outpost.ts'

const TOKEN = 'token-of-the-image-tests-0123456789'

test('both images build, and a core and an outpost of them are healthy and linked', async (t) => {
  if (!(await hasTool(t, 'dockerd', 'docker.io')) || !(await hasTool(t, 'busybox', 'busybox-static'))) return
  const engine = await startDocker()
  // Whether a machine lets containers run is not something that can be installed.
  if ('impossible' in engine) return t.skip(`no Docker Engine can be started here: ${engine.impossible.slice(-300)}`)
  await using docker = engine
  const images = await buildImages(docker, ['core', 'outpost'])

  using data = temporaryFolder('image-data')
  const [http, https, metrics, ldap, ldaps, ldapMetrics] = await Promise.all(Array.from({ length: 6 }, freePort))
  const listen = (name: string, port: number | undefined) => ['--env', `MARTELLO_LISTEN__${name}=127.0.0.1:${port}`]
  const run = (...args: string[]) => docker.docker('run', '--detach', '--network', 'host', ...args)
  const core = await run(
    ...listen('HTTP', http),
    ...listen('HTTPS', https),
    ...listen('METRICS', metrics),
    '--env',
    `MARTELLO_BOOTSTRAP_TOKEN=${TOKEN}`,
    '--env',
    'MARTELLO_SAMPLE=true',
    '--tmpfs',
    '/data:uid=1000,gid=1000',
    images.core,
  )
  const url = `http://127.0.0.1:${http}`
  await until(`the core (${data.path})`, async () => (await fetch(`${url}/-/health/ready/`)).ok, {
    withinMs: 60_000,
  }).catch(async (error) => {
    throw new Error(await docker.docker('logs', core), { cause: error })
  })
  const api = async (method: string, path: string) => {
    const answer = await fetch(`${url}/api/v3${path}`, { method, headers: { authorization: `Bearer ${TOKEN}` } })
    return { body: (await answer.json()) as any }
  }
  const { pk, token } = await tokenOf(api, 'ldap')
  const outpost = await run(
    ...listen('LDAP', ldap),
    ...listen('LDAPS', ldaps),
    ...listen('METRICS', ldapMetrics),
    '--env',
    `MARTELLO_HOST=${url}`,
    '--env',
    `MARTELLO_TOKEN=${token}`,
    images.outpost,
    'ldap',
  )
  for (const container of [core, outpost])
    await until(
      `health of ${container.slice(0, 12)}`,
      async () => (await docker.docker('inspect', '--format', '{{.State.Health.Status}}', container)) === 'healthy',
      { withinMs: 60_000 },
    )
  const { body: instances } = await api('GET', `/outposts/instances/${pk}/health/`)
  assert.equal(instances.length, 1, 'the outpost is linked')
  assert.equal(
    await docker.docker(
      'exec',
      outpost,
      'node',
      '-e',
      'console.log(process.getuid(), require("fs").existsSync("core"))',
    ),
    '1000 false',
  )
})
