import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startCore, type TestCore, type TestCoreOptions } from '#test/support/core.ts'
import { databaseFolder, freePorts } from '#test/support/engines/process.ts'

/** The same installation, started once for each step. */
async function starts(
  ...steps: ReadonlyArray<readonly [options: TestCoreOptions, step: (core: TestCore) => Promise<void>]>
): Promise<void> {
  using folder = databaseFolder('bootstrap')
  for (const [options, step] of steps) {
    await using core = await startCore({ ...options, database: { kind: 'embedded', folder: folder.path } })
    await step(core)
  }
}

const named = async (core: TestCore, path: string, name: string) => {
  const { body } = await core.api('GET', `${path}?name=${name}&search=${name}`)
  return body.results.find((each: { name: string }) => each.name === name)
}

/** Every address that the sample content holds. */
async function addresses(core: TestCore): Promise<Record<string, string>> {
  const sample = await named(core, '/providers/proxy/', 'sample')
  const forward = await named(core, '/providers/proxy/', 'forward')
  const hosts = ['proxy', 'ldap', 'radius'].map(async (name) => [
    name,
    (await named(core, '/outposts/instances/', name)).config.authentik_host,
  ])
  return {
    sample: sample.external_host,
    application: sample.internal_host,
    callback: sample.redirect_uris.split('\n')[0],
    forward: forward.external_host,
    ...Object.fromEntries(await Promise.all(hosts)),
  }
}

const at = ([httpPort, proxyPort, applicationPort, forwardPort]: readonly number[]): TestCoreOptions => ({
  httpPort: httpPort!,
  addresses: {
    internal: `http://127.0.0.1:${applicationPort}`,
    proxyPort: proxyPort!,
    forwardUrl: `http://forward.localhost:${forwardPort}`,
  },
})
const expected = ([http, proxy, application, forward]: readonly number[]): Record<string, string> => ({
  sample: `http://sample.localhost:${proxy}`,
  application: `http://127.0.0.1:${application}`,
  callback: `http://sample.localhost:${proxy}/outpost.goauthentik.io/callback?X-authentik-auth-callback=true`,
  forward: `http://forward.localhost:${forward}`,
  ...Object.fromEntries(['proxy', 'ldap', 'radius'].map((name) => [name, `http://localhost:${http}`])),
})

suite('the sample content at a later start', () => {
  test('on other ports follows them; on the same ones nothing changes and nobody is told', async () => {
    const ports = await freePorts(8)
    const [first, second] = [ports.slice(0, 4), ports.slice(4)] as const
    const count = async (core: TestCore) => (await core.api('GET', '/events/events/?page_size=1')).body.pagination.count
    let before: number
    await starts(
      [at(first), async (core) => assert.deepEqual(await addresses(core), expected(first))],
      [
        at(second),
        async (core) => {
          assert.deepEqual(await addresses(core), expected(second))
          before = await count(core)
        },
      ],
      [at(second), async (core) => assert.equal(await count(core), before)],
    )
  })

  test('keeps what an administrator has changed, and follows with the rest', async () => {
    const ports = await freePorts(12)
    const [first, second, third] = [0, 4, 8].map((from) => ports.slice(from, from + 4)) as [
      number[],
      number[],
      number[],
    ]
    const chosen = { sample: 'https://sample.example.com', ldap: 'https://core.example.com' }
    const kept = (own: readonly number[]) => {
      const callback = `${chosen.sample}/outpost.goauthentik.io/callback?X-authentik-auth-callback=true`
      return { ...expected(own), ...chosen, callback }
    }
    await starts(
      [
        at(first),
        async (core) => {
          const { pk } = await named(core, '/providers/proxy/', 'sample')
          await core.api('PATCH', `/providers/proxy/${pk}/`, { external_host: chosen.sample })
          for (const [name, config] of [
            ['ldap', { authentik_host: chosen.ldap }],
            ['radius', { authentik_host: `http://localhost:${first[0]}`, log_level: 'debug' }],
          ] as const) {
            const outpost = await named(core, '/outposts/instances/', name)
            await core.api('PATCH', `/outposts/instances/${outpost.pk}/`, { config })
          }
          assert.deepEqual(await addresses(core), kept(first))
        },
      ],
      [at(second), async (core) => assert.deepEqual(await addresses(core), kept(second))],
      [
        at(third),
        async (core) => {
          assert.deepEqual(await addresses(core), kept(third))
          const { config } = await named(core, '/outposts/instances/', 'radius')
          assert.equal(config.log_level, 'debug')
        },
      ],
    )
  })

  test('does not come back where it was removed, and is not touched where it is not wanted', async () => {
    const ports = await freePorts(8)
    const [first, second] = [ports.slice(0, 4), ports.slice(4)] as const
    await starts(
      [
        at(first),
        async (core) => {
          const { pk } = await named(core, '/providers/proxy/', 'forward')
          assert.equal((await core.api('DELETE', `/providers/proxy/${pk}/`)).status, 204)
        },
      ],
      [
        { ...at(second), sample: false },
        async (core) => {
          const { external_host } = await named(core, '/providers/proxy/', 'sample')
          assert.equal(external_host, expected(first)['sample'])
        },
      ],
      [at(second), async (core) => assert.equal(await named(core, '/providers/proxy/', 'forward'), undefined)],
    )
  })
})

test('CF-01: once there was an administrator, no start makes another one', async () => {
  const everybody = async (core: TestCore) =>
    (await core.api('GET', '/core/users/?page_size=100')).body.results.map(
      ({ username }: { username: string }) => username,
    )
  await starts(
    [
      { sample: false },
      async (core) => {
        const { body } = await core.api('GET', '/core/users/?username=akadmin')
        assert.equal(body.results.length, 1)
        await core.api('PATCH', `/core/users/${body.results[0].pk}/`, { username: 'renamed' })
      },
    ],
    [{ sample: false }, async (core) => assert.deepEqual(await everybody(core), ['martello-controller', 'renamed'])],
  )
})
