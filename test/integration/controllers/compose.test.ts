import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { readCoreConfig } from '#core/config/read-core-config.ts'
import { readOutpostConfig } from '#outposts/config/read-outpost-config.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const textOf = (name: string) => readFileSync(join(ROOT, name), 'utf8')

interface Service {
  readonly image?: string
  readonly build?: { readonly dockerfile: string }
  readonly command?: readonly string[]
  readonly depends_on?: Readonly<Record<string, unknown>>
  readonly environment?: Readonly<Record<string, string>>
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
}

/** What whoever starts it exports. */
const SHELL: Readonly<Record<string, string>> = {
  MARTELLO_SECRET_KEY: 'k'.repeat(64),
  PG_PASS: 'of-the-database',
  PROXY_TOKEN: 'of-the-proxy',
  LDAP_TOKEN: 'of-the-directory',
  RADIUS_TOKEN: 'of-the-network',
  CORE_URL: 'https://sso.example.com',
}

/** The file as Compose reads it: `${NAME}`, `${NAME:-default}` and `${NAME:?why}` are replaced. */
function compose(shell: Readonly<Record<string, string>>) {
  const text = textOf('compose.yaml').replaceAll(
    /\$\{(\w+)(?::([-?])([^}]*))?\}/g,
    (_, name: string, operator: string | undefined, rest: string) => {
      const value = shell[name] || (operator === '-' ? rest : undefined)
      if (value === undefined) throw new Error(`${name}: ${rest}`)
      return value
    },
  )
  return parse(text) as { services: Record<string, Service>; volumes: Record<string, unknown> }
}

const { services, volumes } = compose(SHELL)
const ours = Object.entries(services).filter(([, { build }]) => build !== undefined)

/** `ENV` and `EXPOSE` of an image of ours. */
function imageOf({ build }: Service) {
  const text = textOf(build!.dockerfile).replaceAll('\\\n', ' ')
  const settings = [...text.matchAll(/\b(MARTELLO_\w+)=(\S+)/g)].map(([, name, value]) => [name!, value!])
  const exposed = /^EXPOSE (.+)$/m.exec(text)![1]!.split(' ')
  return { env: Object.fromEntries(settings) as Record<string, string>, exposed }
}

const reader = { 'Dockerfile.core': 'core', 'Dockerfile.outpost': 'outpost' } as const
function settingsOf(service: Service) {
  const source = { env: { ...imageOf(service).env, ...service.environment }, readFile: () => undefined }
  const which = reader[service.build!.dockerfile as keyof typeof reader]
  return which === 'core' ? readCoreConfig(source, { load: () => 'not needed' }) : readOutpostConfig(source)
}

suite('compose.yaml', () => {
  for (const [name, service] of ours)
    test(`${name}: every setting is one, and right`, () => {
      assert.ok(service.build!.dockerfile in reader)
      assert.deepEqual(settingsOf(service).warnings, [])
    })

  for (const [name, service] of ours)
    test(`${name}: published ports are those that the image listens on`, () => {
      const { exposed } = imageOf(service)
      for (const port of service.ports ?? []) assert.ok(exposed.includes(port.split(':').at(-1)!), port)
    })

  test('outposts reach the core by a name of the file, at a port of its image', () => {
    for (const [name, service] of ours.filter(([, { build }]) => build!.dockerfile === 'Dockerfile.outpost')) {
      const host = new URL(service.environment!['MARTELLO_HOST']!)
      const core = services[host.hostname]
      assert.equal(core?.build?.dockerfile, 'Dockerfile.core', name)
      assert.ok(imageOf(core).exposed.includes(host.port), name)
      assert.ok(['proxy', 'ldap', 'radius'].includes(service.command![0]!))
    }
  })

  test('browsers are sent where they reach the core, never to a name of the file', () => {
    const browserUrl = (shell: Readonly<Record<string, string>>) =>
      readOutpostConfig({ env: compose(shell).services['proxy']!.environment!, readFile: () => undefined }).config
        .hostBrowser?.href
    assert.equal(browserUrl(SHELL), 'https://sso.example.com/')
    const { CORE_URL: _, ...without } = SHELL
    const published = services['core']!.ports!.find((port) => port.endsWith(':9000'))!.split(':')[0]
    assert.equal(browserUrl(without), `http://localhost:${published}/`)
  })

  test('what depends on something names it, and a core cannot be started without its secrets', () => {
    for (const { depends_on = {}, volumes: mounted = [] } of Object.values(services)) {
      for (const other of Object.keys(depends_on)) assert.ok(other in services)
      for (const mount of mounted) assert.ok(mount.split(':')[0]! in volumes)
    }
    for (const name of ['MARTELLO_SECRET_KEY', 'PG_PASS'])
      assert.throws(() => compose({ ...SHELL, [name]: '' }), new RegExp(name))
  })

  test('the core is on the database of the file', () => {
    const { POSTGRES_DB, POSTGRES_USER, POSTGRES_PASSWORD } = services['postgresql']!.environment!
    const settings = settingsOf(services['core']!)
    assert.ok('database' in settings.config && settings.config.database.kind === 'postgresql')
    const { host, name, user, password } = settings.config.database
    assert.deepEqual(
      [host.current(), name.current(), user.current(), password.current().reveal()],
      ['postgresql', POSTGRES_DB, POSTGRES_USER, POSTGRES_PASSWORD],
    )
  })
})
