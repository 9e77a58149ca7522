import assert from 'node:assert/strict'
import test from 'node:test'
import { ConfigError } from '#schema/kernel/errors.ts'
import { SSL_MODES } from './core-config.ts'
import { readCoreConfig } from './read-core-config.ts'

const keys = { load: () => 'made' }
const read = (env: Record<string, string>) => readCoreConfig({ env, readFile: () => undefined }, keys)

test('without any setting the database is embedded and everything listens on loopback', () => {
  const { config, warnings } = read({})
  assert.equal(config.database.kind, 'embedded')
  assert.equal(config.secretKey.reveal(), 'made')
  assert.deepEqual(
    Object.values(config.listen).map(({ host, port }) => `${host}:${port}`),
    ['127.0.0.1:9000', '127.0.0.1:9443', '127.0.0.1:9300'],
  )
  assert.deepEqual(warnings, [])
})

for (const domain of ['example.com', '.example.com', 'localhost', 'a', 'xn--bcher-kva.example', '192.0.2.1'])
  test(`${domain} is a domain for cookies`, () =>
    assert.equal(read({ MARTELLO_COOKIE_DOMAIN: domain }).config.cookieDomain, domain))

test('an empty MARTELLO_DATA_DIR is none, and so is an empty domain for cookies', () => {
  const { dataDir, cookieDomain } = read({ MARTELLO_DATA_DIR: '', MARTELLO_COOKIE_DOMAIN: '' }).config
  assert.equal(dataDir, read({}).config.dataDir)
  assert.equal(cookieDomain, undefined)
})

test('PostgreSQL credentials follow their references at each use', () => {
  const env: Record<string, string> = {
    AUTHENTIK_POSTGRESQL__HOST: 'db',
    MARTELLO_POSTGRESQL__PASSWORD: 'env://PASSWORD_OF_TODAY',
    MARTELLO_SECRET_KEY: 'k'.repeat(50),
    PASSWORD_OF_TODAY: 'one',
  }
  const { database } = read(env).config
  assert.ok(database.kind === 'postgresql')
  assert.equal(database.host.current(), 'db')
  assert.equal(database.password.current().reveal(), 'one')
  env['PASSWORD_OF_TODAY'] = 'two'
  assert.equal(database.password.current().reveal(), 'two')
})

const POSTGRESQL = { MARTELLO_POSTGRESQL__HOST: 'db', MARTELLO_SECRET_KEY: 'k'.repeat(50) }
const problemsIn = (env: Record<string, string>): readonly string[] => {
  try {
    read(env)
    return []
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.problems
  }
}

const wrong: ReadonlyArray<[env: Record<string, string>, named: RegExp]> = [
  [{ MARTELLO_SECRET_KEY: 'k'.repeat(49) }, /MARTELLO_SECRET_KEY.*50 characters/],
  [{ ...POSTGRESQL, MARTELLO_SECRET_KEY: 'k' }, /MARTELLO_SECRET_KEY.*50 characters/],
  [{ MARTELLO_POSTGRESQL__HOST: 'db' }, /MARTELLO_SECRET_KEY is required/],
  [{ ...POSTGRESQL, MARTELLO_POSTGRESQL__PORT: 'x' }, /POSTGRESQL__PORT/],
  [{ ...POSTGRESQL, MARTELLO_POSTGRESQL__PORT: '0' }, /POSTGRESQL__PORT/],
  [{ ...POSTGRESQL, MARTELLO_POSTGRESQL__PORT: '65536' }, /POSTGRESQL__PORT/],
  [{ ...POSTGRESQL, MARTELLO_POSTGRESQL__PORT: '99999' }, /POSTGRESQL__PORT.*65535/],
  [{ MARTELLO_COOKIE_DOMAIN: 'a b;c' }, /MARTELLO_COOKIE_DOMAIN/],
  [{ MARTELLO_COOKIE_DOMAIN: 'example.com; Secure' }, /MARTELLO_COOKIE_DOMAIN/],
  [{ MARTELLO_COOKIE_DOMAIN: 'example.com\r\nX: y' }, /MARTELLO_COOKIE_DOMAIN/],
  [{ MARTELLO_COOKIE_DOMAIN: 'example.com\n' }, /MARTELLO_COOKIE_DOMAIN/],
  [{ MARTELLO_COOKIE_DOMAIN: 'a..b' }, /MARTELLO_COOKIE_DOMAIN/],
  [{ ...POSTGRESQL, MARTELLO_POSTGRESQL__SSLMODE: 'maybe' }, /POSTGRESQL__SSLMODE.*disable.*verify-full/],
  [{ MARTELLO_LISTEN__HTTP: 'here' }, /LISTEN__HTTP/],
  [{ MARTELLO_LISTEN__TRUSTED_PROXY_CIDRS: '10.0.0.0/8, 10.0.0.0/33' }, /TRUSTED_PROXY_CIDRS.*10\.0\.0\.0\/33/],
  [{ AUTHENTIK_LISTEN__TRUSTED_PROXY_CIDRS: 'everybody' }, /TRUSTED_PROXY_CIDRS.*everybody/],
  [{ MARTELLO_SAMPLE: 'perhaps' }, /MARTELLO_SAMPLE /],
  [{ MARTELLO_SAMPLE_LISTEN: 'there' }, /SAMPLE_LISTEN/],
  [{ MARTELLO_LOCAL__PROXY_HTTP: '127.0.0.1:99999' }, /LOCAL__PROXY_HTTP/],
  [{ MARTELLO_SAMPLE_FORWARD_URL: 'forward.localhost:8080' }, /SAMPLE_FORWARD_URL/],
]
for (const [env, named] of wrong)
  test(`CF-05: ${JSON.stringify(env)} stops the start`, () => {
    const problems = problemsIn(env)
    assert.equal(problems.length, 1)
    assert.match(problems[0]!, named)
  })

test('every problem is named at once, and no secret with them', () => {
  const all = problemsIn(Object.assign({}, ...wrong.map(([env]) => env), { MARTELLO_SECRET_KEY: 'secret' }))
  assert.equal(all.length, 10)
  assert.doesNotMatch(all.join(), /secret/)
})

for (const mode of SSL_MODES)
  test(`sslmode ${mode} is one`, () => {
    const { database } = read({ ...POSTGRESQL, MARTELLO_POSTGRESQL__SSLMODE: mode }).config
    assert.equal(database.kind === 'postgresql' && database.sslMode.current(), mode)
  })

test('where the sample content is reached follows the settings', () =>
  assert.deepEqual(
    read({
      MARTELLO_SAMPLE_LISTEN: '127.0.0.1:7001',
      MARTELLO_LOCAL__PROXY_HTTP: '0.0.0.0:7002',
      MARTELLO_SAMPLE_FORWARD_URL: 'https://forward.example.com/',
    }).config.sample.addresses,
    { internal: 'http://127.0.0.1:7001', proxyPort: 7002, forwardUrl: 'https://forward.example.com' },
  ))

test('what controllers are told has defaults, and the names that operators of authentik know', () => {
  assert.deepEqual(read({}).config.outposts, {
    containerImageBase: 'ghcr.io/martello/outpost:%(version)s',
    discover: true,
  })
  const image = 'ghcr.io/goauthentik/%(type)s:%(version)s'
  const env = { AUTHENTIK_OUTPOSTS__CONTAINER_IMAGE_BASE: image, MARTELLO_OUTPOSTS__DISCOVER: 'false' }
  assert.deepEqual(read(env).config.outposts, { containerImageBase: image, discover: false })
  const empty = read({ MARTELLO_OUTPOSTS__CONTAINER_IMAGE_BASE: '' })
  assert.deepEqual(empty.config.outposts, read({}).config.outposts, 'an empty text is none')
})

for (const template of ['x:%(versoin)s', 'x y', '%(type)'])
  test(`"${template}" makes no image`, () =>
    assert.throws(
      () => read({ MARTELLO_OUTPOSTS__CONTAINER_IMAGE_BASE: template }),
      (error) =>
        error instanceof ConfigError && /^MARTELLO_OUTPOSTS__CONTAINER_IMAGE_BASE: /.test(String(error.problems[0])),
    ))

const names: ReadonlyArray<[name: string, warning: RegExp | undefined]> = [
  ['MARTELLO_POSTGRESQL__HOTS', /did you mean MARTELLO_POSTGRESQL__HOST\?/],
  ['MARTELLO_LISTEN__TRUSTED_PROXY_CIDR', /did you mean MARTELLO_LISTEN__TRUSTED_PROXY_CIDRS\?/],
  ['MARTELLO_SAMPLE_FORWARD_URI', /did you mean MARTELLO_SAMPLE_FORWARD_URL\?/],
  ['MARTELLO_NOTHING_LIKE_ANY_OF_THEM', /is not a setting$/],
  ['AUTHENTIK_POSTGRESQL__PASWORD', /did you mean AUTHENTIK_POSTGRESQL__PASSWORD\?/],
  ['AUTHENTIK_REDIS__HOST', undefined],
  ['MARTELLO_LISTEN__LDAP', undefined],
  ['MARTELLO_HOST', undefined],
]
for (const [name, warning] of names)
  test(`CF-05: the variable ${name} ${warning === undefined ? 'is known' : 'is told of'}`, () => {
    const { warnings } = read({ [name]: '127.0.0.1:1' })
    assert.equal(warnings.length, warning === undefined ? 0 : 1)
    if (warning !== undefined) assert.match(warnings[0]!, warning)
  })
